"""What a built site links to: nothing that is not there, and no part of it from another host."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit


class _Page(HTMLParser):
    """The anchors of a page, what it links to, and what it is made of."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[str] = []
        self.parts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value is not None}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        is_part = tag == "link" and not {"canonical", "next", "prev"} & set(values.get("rel", "").split())
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif is_part and "href" in values:
            self.parts.append(values["href"])
        elif "src" in values:
            self.parts.append(values["src"])


def dead_links(site: Path) -> list[str]:
    """What is wrong with the links of a site, one line each."""
    pages = {path: _Page(path) for path in sorted(site.rglob("*.html"))}
    found: list[str] = []
    for path, page in pages.items():
        if path.name == "404.html":  # its links are those of the site's root, wherever it is shown
            continue
        name = path.relative_to(site)
        found += [f"{name}: {part} is of another host" for part in page.parts if urlsplit(part).netloc]
        for link in [*page.links, *page.parts]:
            target, anchor = urldefrag(link)
            if urlsplit(link).scheme or urlsplit(link).netloc:
                continue
            file = (path.parent / unquote(target)).resolve() if target else path
            file = file / "index.html" if file.is_dir() else file
            if not file.exists() or (file in pages and unquote(anchor) not in pages[file].anchors):
                found.append(f"{name}: {link} leads nowhere")
    return found
