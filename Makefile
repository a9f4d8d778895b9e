# Each target sets itself up: scripts/setup.sh makes .venv the first time and is done in a moment afterwards.
#   make paint IMAGE=photo.jpg
#   make paint IMAGE=photo.jpg STROKES=50 AGENT=gradient LOSS=mse     lite, the default, needs no download; nor does mse
#   make paint IMAGE=photo.jpg SIZE=512 STROKES=2000         large: the whole picture
#   make serve                    the page, at http://127.0.0.1:8000
#   make test                     all tests; make test-quick leaves out the slow ones
#   make docs                     the manual, into site/

IMAGE ?=
AGENT ?= policy
STROKES ?= 200
LOSS ?= lite
SIZE ?=
# Tests wait as often as they compute; those of a file share what takes long to prepare. Those of the page are left
# alone with the machine: they watch paintings that are under way.
SIDE_BY_SIDE := -n 2 --dist loadfile
export IMAGE AGENT STROKES LOSS SIZE

.PHONY: help paint serve test test-quick lint docs setup
.DEFAULT_GOAL := help

help: ## list what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST)

setup: ## make .venv and install everything
	@bash scripts/setup.sh

paint: setup ## paint IMAGE=photo.jpg (a bundled still life by default) into painting.png, .webp, .json, and by MyPaint itself
	@.venv/bin/paintgym paint $${IMAGE:+"$$IMAGE"} --agent "$$AGENT" --strokes "$$STROKES" --loss "$$LOSS" $${SIZE:+--size "$$SIZE"} \
		--out painting.png --out painting.webp --out painting.json
	@.venv/bin/paintgym replay painting.json --size $${SIZE:-768} --out painting_by_mypaint.png || true

serve: setup ## serve the web page at http://127.0.0.1:8000
	@.venv/bin/paintgym serve --port "$${PORT:-8000}"

test: setup ## run all tests
	@bash scripts/setup.sh --browser
	@.venv/bin/python -m pytest $(SIDE_BY_SIDE) --ignore=tests/webapp/page
	@.venv/bin/python -m pytest tests/webapp/page

test-quick: setup ## run the tests that are not marked slow, which cover every folder
	@.venv/bin/python -m pytest $(SIDE_BY_SIDE) -m "not slow"

lint: setup ## check style and types
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
# mypy reads a package in a folder of its name, and a checkout may have any.
	@mkdir -p .venv/lint && ln -sfn ../.. .venv/lint/paintgym
	@cd .venv/lint && ../bin/mypy --config-file ../../pyproject.toml --exclude '^paintgym/(tests|build)/' paintgym

# Docstrings are read from a folder of the package's name too, and each command's help is printed by this checkout.
docs: setup ## build the manual into site/
	@mkdir -p .venv/lint && ln -sfn ../.. .venv/lint/paintgym
	@PYTHONPATH=.venv/lint NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build
	@echo "docs: open site/index.html, or, to search too, python3 -m http.server --bind 127.0.0.1 --directory site"
