// Pictures as canvases, as JPEG, and as data: addresses.

const MOST_SIDE = 1024; // pixels: that of the largest paintings

// A picture on white, by default no larger than the largest paintings.
export function draw(source, width, height, mostSide = MOST_SIDE) {
  const scale = Math.min(1, mostSide / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function encode(canvas) { return canvas.convertToBlob({ type: "image/jpeg", quality: 0.93 }); }

// The page may fetch nothing but from its own host, and a data: address is none of those.
export function fromAddress(address) {
  const bytes = Uint8Array.from(atob(address.split(",")[1]), (character) => character.charCodeAt(0));
  return new Blob([bytes], { type: address.slice(5, address.indexOf(";")) });
}

export function toAddress(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}
