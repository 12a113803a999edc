"""The review page in a real browser: it loads nothing, and what is decided on it is what is applied."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Download, Locator, Page, expect

from codemods.app.preview import preview_for_review
from codemods.app.requests import Request
from codemods.app.rule_texts import rules
from codemods.compiler_defects import cause_of
from codemods.files.workspace import read_tree
from codemods.model.findings import Cause, Edit, Finding, Paths, PhaseResult, Verdict
from codemods.model.home import defect_page
from codemods.reports.page import review_page
from codemods.review.hunks import Review, make_review
from tests.support.browser import open_browser
from tests.support.command import Run
from tests.support.project import EXAMPLE

pytestmark = pytest.mark.xdist_group("browser")

WIDE = {"width": 1400, "height": 900}
NARROW = {"width": 600, "height": 900}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as running:
        yield running


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Review]:
    """A copy of the bundled library, and what there is to review in it."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("reviewed") / "library"))
    _, found = preview_for_review(Request((1, 2, 3, 4, 5), (folder,)), in_place=True)
    return folder, found


def name(finding: Finding) -> str:
    """What a finding is called for those who do not see the page."""
    return f"{finding.rule} {finding.path}:{finding.line}:{finding.column}"


@dataclass(slots=True)
class Opened:
    """A page in the browser, and what it did that it should not."""

    page: Page
    complaints: list[str]
    requests: list[str]

    def finding(self, rule: str, where: str) -> Locator:
        """The finding of a rule at a place such as ``router.tml:87:14``."""
        return self.page.locator(f'.finding[aria-label^="{rule} "][aria-label$="/{where}"]').first

    def press(self, keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def current(self) -> str:
        """The finding that the keys act on."""
        return self.page.locator(".finding.current").get_attribute("aria-label") or ""

    def tally(self) -> str:
        return self.page.locator("#tally").inner_text()

    def shown(self) -> list[str]:
        """The findings that the filters show, each once."""
        labels = self.page.locator(".finding:not(.out):has(.message)").evaluate_all(
            "all => all.filter(each => each.checkVisibility()).map(each => each.ariaLabel)"
        )
        return list(labels)

    def save(self) -> Download:
        self.page.click("#save")
        with self.page.expect_download() as download:
            self.page.click("#download")
        return download.value


@pytest.fixture(scope="module")
def text(reviewed: tuple[Path, Review]) -> str:
    """The page of the bundled library."""
    return review_page(reviewed[1], "the working tree", rules())


@dataclass(slots=True)
class Visitor:
    """Opens pages, each in a browser without a past."""

    browser: Browser
    folder: Path
    opened: list[Opened]

    def open(self, text: str, **options: Any) -> Opened:
        file = self.folder / "review.html"
        file.write_text(text)
        context = self.browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **options})
        page = context.new_page()
        page.set_default_timeout(30_000)
        opened = Opened(page, [], [])
        page.on("console", lambda message: opened.complaints.append(message.text))
        page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        page.on("dialog", lambda dialog: opened.complaints.append(dialog.message))
        page.on("request", lambda request: opened.requests.append(request.url))
        page.goto(file.as_uri())
        self.opened.append(opened)
        return opened


@pytest.fixture
def visitor(browser: Browser, tmp_path: Path) -> Iterator[Visitor]:
    """Opens pages, and sees that none complains or asks for anything but itself."""
    visitor = Visitor(browser, tmp_path, [])
    yield visitor
    for opened in visitor.opened:
        assert opened.complaints == []
        assert set(opened.requests) == {(tmp_path / "review.html").as_uri()}
        opened.page.context.close()


@pytest.fixture
def page(visitor: Visitor, text: str) -> Opened:
    """The page of the bundled library in the browser."""
    return visitor.open(text)


# What it shows


def test_the_command_writes_the_page(
    visitor: Visitor, reviewed: tuple[Path, Review], tmp_path: Path, run: Run
) -> None:
    outcome = run("review", "-o", tmp_path / "page.html", "--phase", "3", "--in-place", reviewed[0])

    opened = visitor.open((tmp_path / "page.html").read_text())
    assert outcome.code == 0
    assert opened.page.title() == "tmlfix review"
    assert opened.page.locator("#source").inner_text() == "the working tree"
    assert opened.tally() == "0 approved · 0 rejected · 4 undecided · 2 without a fix"


def test_nothing_can_be_loaded(page: Opened) -> None:
    blocked = page.page.evaluate(
        """() => new Promise((done) => {
            const blocked = [];
            document.addEventListener("securitypolicyviolation", (event) => {
                blocked.push(event.effectiveDirective);
                if (blocked.length === 3) done(blocked.sort());
            });
            const add = (tag, own) => document.body.append(Object.assign(document.createElement(tag), own));
            add("img", {src: "http://127.0.0.1:9/image"});
            add("script", {text: "document.title = 1"});
            fetch("http://127.0.0.1:9/data").catch(() => {});
        })"""
    )
    assert blocked == ["connect-src", "img-src", "script-src-elem"]
    assert page.page.title() == "tmlfix review"
    page.complaints.clear()
    page.requests[1:] = []


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["side by side", "unified"])
def test_every_hunk_is_shown_line_by_line(
    visitor: Visitor, text: str, reviewed: tuple[Path, Review], width: dict[str, int]
) -> None:
    opened = visitor.open(text, viewport=width)
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cells = """
        cards => cards.map(card => ["removed", "added"].map(kind =>
            [...card.querySelectorAll(`td.${kind}:not(.no)`)].map(cell => cell.textContent)))
    """
    shown = opened.page.locator(".card:has(.diff td.added, .diff td.removed)").evaluate_all(cells)

    expected = []
    for hunk in (hunk for file in reviewed[1].files for hunk in file.hunks):
        lines: list[list[str]] = [[], []]
        for before, after, block in hunk.pieces():
            if block is not None:
                lines[0] += (line.removesuffix("\n") for line in before)
                lines[1] += (line.removesuffix("\n") for line in after)
        expected.append(lines)
    assert shown == expected
    assert opened.page.locator(".diff.split").count() == (0 if width is NARROW else len(expected) + 3)


def test_a_finding_shows_its_rule_message_and_reason(page: Opened) -> None:
    finding = page.finding("incomplete-destroy", "router.tml:87:14")

    finding.locator("summary").click()
    finding.locator(".why p").first.wait_for()

    shown = finding.text_content() or ""
    assert "fixable" in shown
    assert "RouteMatch.destroy() forgets values, which nothing else can free" in shown
    assert rules()["incomplete-destroy"].summary in shown
    assert "Is needed by missing-release router.test.tml:9" in shown
    assert "Cause: a mistake of the code. Happens on normal paths." in shown


def test_a_finding_leads_to_the_defect_that_causes_it(page: Opened) -> None:
    page.page.select_option("#paths", "error")
    page.page.select_option("#cause", "compiler")

    origin = page.page.locator(".finding:not(.out):visible .note", has_text="Cause")
    # the browser lays a card out only where it is on the screen, and until then its inner text is empty
    expect(origin).to_have_text("Cause: a defect of the compiler. Happens on error paths only.")
    assert origin.locator("a").get_attribute("href") == defect_page("ignored-payloads")


def test_a_reported_finding_is_shown_where_it_is_and_cannot_be_approved(page: Opened) -> None:
    page.page.select_option("#verdict", "reported")

    assert len(page.shown()) == 3
    assert page.page.locator(".finding:visible [data-decision]").count() == 0
    assert page.page.locator("tr.leak:visible").count() == 3
    page.press("ja")
    assert "no fix" in page.page.locator("#status").inner_text()
    assert page.tally().startswith("0 approved")


# Finding one's way


@pytest.mark.parametrize(
    ("control", "value", "fits"),
    [
        ("phase", "2", lambda finding: finding.phase == 2),
        ("rule", "missing-release", lambda finding: finding.rule == "missing-release"),
        ("verdict", "reported", lambda finding: finding.verdict is Verdict.REPORTED),
        ("cause", "compiler", lambda finding: cause_of(finding.rule) is Cause.COMPILER),
        ("cause", "library", lambda finding: cause_of(finding.rule) is Cause.LIBRARY),
        ("paths", "error", lambda finding: finding.function == "test_unknown_host_owns_nothing"),
        ("paths", "normal", lambda finding: finding.paths is Paths.NORMAL),
        ("module", "lib/src", lambda finding: finding.path.startswith("lib/src/")),
        ("module", "tests/http", lambda finding: finding.path.startswith("tests/http/")),
        ("decision", "undecided", lambda finding: finding.verdict is not Verdict.REPORTED),
        ("decision", "approve", lambda finding: False),
        (
            "search",
            "LEAKS at  router.test",
            lambda finding: "missing-release tests/http/router" in name(finding),
        ),
        (
            "search",
            "result = this.send(req)",
            lambda finding: finding.function in ("Client.get", "Client.post"),
        ),
        ("search", "no such thing", lambda finding: False),
    ],
)
def test_filters(
    page: Opened,
    reviewed: tuple[Path, Review],
    control: str,
    value: str,
    fits: Callable[[Finding], bool],
) -> None:
    if control == "search":
        page.page.fill("#search", value)
    else:
        page.page.select_option(f"#{control}", value)

    expected = [name(finding) for file in reviewed[1].files for finding in file.findings if fits(finding)]
    assert sorted(page.shown()) == sorted(expected)
    assert page.page.locator("#count").inner_text() == f"{len(expected)} of 53 findings"

    page.page.click("#clear")
    expect(page.page.locator("#count")).to_have_text("53 findings")
    assert len(page.shown()) == 53


def test_keys(page: Opened) -> None:
    page.press("jj")
    assert page.current() == "missing-release lib/src/http/client.tml:42:13"
    page.press("k")
    assert page.current() == "missing-release lib/src/http/client.tml:35:13"
    page.press("a")
    assert page.current() == "missing-release lib/src/http/client.tml:42:13"
    page.press("r")
    assert page.tally().startswith("1 approved · 1 rejected · 48 undecided")
    page.press("kku")
    assert page.tally().startswith("0 approved · 1 rejected · 49 undecided")
    page.press("z")
    assert page.tally().startswith("1 approved · 1 rejected · 48 undecided")
    page.press("n")
    assert page.current() == "library-temporary lib/src/http/client.tml:57:16"
    page.press("e")
    expect(page.page.locator(".finding.current")).to_contain_text(rules()["library-temporary"].summary)
    page.press("faj")
    assert page.page.input_value("#search") == "aj"
    page.page.keyboard.press("Escape")
    page.page.click("#clear")
    page.press("?")
    assert page.page.locator("#keys").is_visible()
    page.press("a")
    assert page.tally().startswith("1 approved")
    page.page.keyboard.press("Escape")
    assert not page.page.locator("#keys").is_visible()


def test_the_finding_reached_by_key_is_in_sight(page: Opened) -> None:
    bar = page.page.locator("#bar").bounding_box()
    assert bar is not None
    for finding in page.shown():
        page.press("j")
        assert page.current() == finding
        box = page.page.locator(".finding.current").bounding_box()
        assert box is not None
        assert bar["height"] <= box["y"] < WIDE["height"] - 40


# Deciding


def test_a_file_and_everything_shown_are_decided_at_once(page: Opened) -> None:
    page.page.locator(".file").first.get_by_text("Approve file").click()
    assert page.tally().startswith("4 approved")

    page.page.select_option("#phase", "2")
    page.page.get_by_text("Reject shown").click()
    assert page.tally().startswith("4 approved · 3 rejected")

    page.page.click("#undo")
    assert page.tally().startswith("4 approved · 0 rejected")


def test_what_a_fix_needs_is_approved_with_it_and_rejected_before_it(page: Opened) -> None:
    status = page.page.locator("#status")
    cause = page.finding("incomplete-destroy", "router.tml:87:14")
    caused = page.finding("missing-release", "router.test.tml:9:9")

    def decision(finding: Locator) -> str:
        return finding.locator("[aria-pressed=true]").get_attribute("data-decision") or ""

    caused.get_by_role("button", name="Approve").click()
    assert "Approved missing-release router.test.tml:9, and what it needs: " in status.inner_text()
    assert (decision(cause), decision(caused)) == ("approve", "approve")

    cause.get_by_role("button", name="Reject").click()
    assert "Rejected incomplete-destroy router.tml:87, and what needs it: missing-release" in (
        status.inner_text()
    )
    assert (decision(cause), decision(caused)) == ("reject", "reject")

    page.page.click("#undo")
    assert (decision(cause), decision(caused)) == ("approve", "approve")


def test_whatever_the_page_saves_can_be_applied(
    page: Opened, reviewed: tuple[Path, Review], tmp_path: Path, run: Run
) -> None:
    for finding in page.shown()[::4]:
        for button in page.page.locator(f'.finding[aria-label="{finding}"] button:text-is("Approve")').all():
            button.click()
    page.page.click("#save")
    with page.page.expect_download() as download:
        page.page.click("#download")
    selection = tmp_path / "selection.json"
    download.value.save_as(selection)
    library = Path(shutil.copytree(reviewed[0], tmp_path / "copy"))

    outcome = run("apply", "--selection", selection, "--in-place", library)

    assert (outcome.code, outcome.err) == (0, "")


def test_many_findings_are_decided_at_once_only_after_a_question(
    visitor: Visitor, reviewed: tuple[Path, Review]
) -> None:
    large = large_review(reviewed[1], dict(read_tree(reviewed[0]).files), 2)
    opened = visitor.open(review_page(large, "the working tree", rules()))
    question = opened.page.locator("#confirm")

    opened.page.get_by_text("Approve shown").click()
    assert "Approve 100 findings?" in question.inner_text()
    question.get_by_role("button", name="Back").click()
    assert opened.tally().startswith("0 approved")
    opened.page.get_by_text("Reject shown").click()
    question.get_by_role("button", name="Reject").click()
    assert opened.tally().startswith("0 approved · 100 rejected")
    opened.page.select_option("#module", "part000")
    opened.page.get_by_text("Undecide shown").click()
    assert not question.is_visible()
    assert opened.tally().startswith("0 approved · 50 rejected")


def test_where_a_finding_continues_only_its_decision_is_shown(page: Opened) -> None:
    continued = page.page.locator(".finding:has(.state)").first
    expect(continued).to_contain_text("(continued)")
    expect(continued.locator(".state")).to_have_text("undecided")
    assert continued.locator("button").count() == 0

    label = continued.get_attribute("aria-label")
    page.page.locator(f'.finding[aria-label="{label}"]:has(.message)').get_by_text("Approve").click()

    expect(continued.locator(".state")).to_have_text("approved")


def test_decisions_outlive_the_page(page: Opened) -> None:
    page.press("jar")

    page.page.reload()

    assert page.tally().startswith("1 approved · 1 rejected")


def test_what_is_saved_is_what_is_applied(
    page: Opened, reviewed: tuple[Path, Review], tmp_path: Path, run: Run
) -> None:
    page.page.fill("#search", "client.tml:35")
    page.page.get_by_text("Approve shown").click()
    page.page.click("#clear")
    page.finding("missing-release", "client.tml:42:13").get_by_text("Reject").click()
    download = page.save()
    download.save_as(tmp_path / download.suggested_filename)
    library = Path(shutil.copytree(reviewed[0], tmp_path / "library"))

    outcome = run("apply", "--selection", tmp_path / "tmlfix-selection.json", "--in-place", library)

    assert outcome.code == 0
    assert outcome.out.startswith("fixed lib/src/http/client.tml\n1 finding fixed in 1 file\n  left out: ")
    before, after = read_tree(reviewed[0]).files, read_tree(library).files
    path = "lib/src/http/client.tml"
    assert {name for name in before if before[name] != after[name]} == {path}
    assert after[path].count(b"req.destroy()") == 1 + before[path].count(b"req.destroy()")


def test_a_selection_is_loaded_again(page: Opened, visitor: Visitor, tmp_path: Path) -> None:
    page.press("jar")
    page.save().save_as(tmp_path / "saved.json")
    saved = json.loads((tmp_path / "saved.json").read_text())
    saved["findings"].append({**saved["findings"][0], "line": 1})
    saved["findings"].append(None)
    (tmp_path / "saved.json").write_text(json.dumps(saved))
    again = visitor.open((tmp_path / "review.html").read_text())

    again.page.set_input_files("#file", tmp_path / "saved.json")

    expect(again.page.locator("#status")).to_contain_text("Loaded")
    assert again.tally().startswith("1 approved · 1 rejected")
    assert "2 decisions did not fit" in again.page.locator("#status").inner_text()


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"version": 2, "findings": []}'])
def test_what_is_no_selection_is_not_loaded(page: Opened, tmp_path: Path, content: str) -> None:
    (tmp_path / "saved.json").write_text(content)

    page.page.set_input_files("#file", tmp_path / "saved.json")

    expect(page.page.locator("#status")).to_contain_text("This")
    assert page.tally().startswith("0 approved · 0 rejected")


# Looks


CONTRAST = """
() => {
    const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const rgb = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const background = (element) => {
        for (; element; element = element.parentElement) {
            const colour = rgb(getComputedStyle(element).backgroundColor);
            if (colour[3] === 255) return colour;
        }
    };
    const poor = new Set();
    for (const element of document.querySelectorAll("body *:not(option, script, style)")) {
        const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility()) continue;
        const [one, other] = [light(rgb(getComputedStyle(element).color)), light(background(element))];
        const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (contrast < 4.5) poor.add(`${element.tagName}.${element.className}: ${contrast.toFixed(2)}`);
    }
    return [...poor];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_can_be_read(visitor: Visitor, text: str, scheme: str) -> None:
    opened = visitor.open(text, color_scheme=scheme, reduced_motion="reduce")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.press("jar")

    assert opened.page.evaluate(CONTRAST) == []
    for open_dialog in ("#save", "#help"):
        opened.page.click(open_dialog)
        assert opened.page.evaluate(CONTRAST) == []
        opened.page.keyboard.press("Escape")


def test_on_a_small_screen_the_filters_are_folded_and_the_first_line_stays(
    visitor: Visitor, text: str
) -> None:
    opened = visitor.open(text, viewport=NARROW)
    search, tally = opened.page.locator("#search"), opened.page.locator("#tally")

    assert not search.is_visible()
    opened.press("jjjjjjjj")
    box = opened.page.locator(".finding.current").bounding_box()
    line = opened.page.locator("#bar > .line").bounding_box()
    assert box is not None
    assert line is not None
    assert line["y"] == 0
    assert line["height"] <= box["y"] < NARROW["height"]
    expect(tally).to_be_in_viewport()
    opened.press("f")
    search.fill("router")
    expect(opened.page.locator("#fold > summary")).to_have_text("Filters (in use)")

    opened.page.set_viewport_size({"width": WIDE["width"], "height": WIDE["height"]})
    expect(opened.page.locator("#fold > summary")).not_to_be_visible()
    expect(search).to_be_visible()


def test_dark_and_light(page: Opened) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.page.evaluate(background)

    page.page.emulate_media(color_scheme="dark")
    dark = page.page.evaluate(background)
    page.page.click("#theme")
    switched = page.page.evaluate(background)
    page.page.emulate_media(color_scheme="light")
    page.page.reload()

    assert light != dark
    assert switched in (light, dark)
    assert page.page.evaluate(background) == switched


def test_every_control_has_a_name_and_shows_the_focus(page: Opened) -> None:
    unnamed = page.page.locator("button, select, input:not([hidden])").evaluate_all(
        "all => all.filter(each => !(each.textContent.trim() || each.ariaLabel)).map(each => each.outerHTML)"
    )
    assert unnamed == []
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


# What may be in it


HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script><!-- \u2028 \u202e $data & \"'"


def hostile_review() -> Review:
    path = f"lib/src/{HOSTILE.replace('/', '_')}\udcff.tml"
    content = f'func f() {{\n    print("{HOSTILE}")\n}}\n'.encode()
    finding = Finding(
        1,
        "missing-release",
        path,
        2,
        5,
        HOSTILE,
        HOSTILE,
        Verdict.FIXABLE,
        (Edit(11, 11, f"    // {HOSTILE}\n"),),
    )
    other = replace(finding, line=1, verdict=Verdict.REPORTED, edits=())
    return make_review([PhaseResult(1, (finding, other), {})], {path: content}, requires={})


def test_hostile_texts_do_nothing(visitor: Visitor, tmp_path: Path) -> None:
    found = hostile_review()
    (file,) = found.files
    offered = replace(found, files=(replace(file, hunks=()),))
    for review in (found, offered):
        opened = visitor.open(review_page(review, HOSTILE, rules()))
        opened.press("ja")

        assert opened.page.locator("img, main script").count() == 0
        assert "<img src=x onerror=alert(1)>" in (opened.page.locator(".message").first.text_content() or "")
        assert "\u202e" not in opened.page.content()
        assert opened.page.title() == "tmlfix review"


# Large reviews


def large_review(found: Review, content: dict[str, bytes], times: int) -> Review:
    """The same findings many times over, in folders of their own."""
    findings = [
        replace(finding, path=f"part{number:03}/{finding.path}", phase=1)
        for number in range(times)
        for file in found.files
        for finding in file.findings
    ]
    contents = {f"part{number:03}/{path}": text for number in range(times) for path, text in content.items()}
    hunks = {file.path: file.hunks for file in found.files}
    files = make_review([PhaseResult(1, tuple(findings))], contents, requires={}).files
    return Review(
        tuple(
            replace(
                file,
                hunks=tuple(
                    replace(
                        hunk,
                        path=file.path,
                        phase=1,
                        blocks=tuple(
                            replace(
                                block,
                                keys=frozenset(replace(key, path=file.path, phase=1) for key in block.keys),
                            )
                            for block in hunk.blocks
                        ),
                    )
                    for hunk in hunks[file.path.partition("/")[2]]
                ),
            )
            for file in files
        )
    )


def test_two_thousand_findings(visitor: Visitor, reviewed: tuple[Path, Review]) -> None:
    large = large_review(reviewed[1], dict(read_tree(reviewed[0]).files), 40)

    opened = visitor.open(review_page(large, "the working tree", rules()))

    assert opened.page.locator("#count").inner_text() == "2,120 findings"
    rendered = opened.page.locator(".diff").count()
    assert 0 < rendered < 60
    opened.page.locator(".card").last.scroll_into_view_if_needed()
    expect(opened.page.locator(".card").last.locator(".diff, .code table")).to_have_count(1)
    opened.page.fill("#search", "part039 RouteMatch")
    assert len(opened.shown()) == 7
    opened.page.get_by_text("Approve shown").click()
    assert opened.tally().startswith("7 approved")
    opened.press("j")
    timing = opened.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    print(f"2,120 findings open in {timing:.0f} ms")
