// Pictures as canvases, and as JPEG.

const MOST_SIDE = 1024; // pixels: that of the largest paintings

// A picture on white, no larger than the largest paintings.
export function draw(source, width, height) {
  const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function encode(canvas) { return canvas.convertToBlob({ type: "image/jpeg", quality: 0.93 }); }
