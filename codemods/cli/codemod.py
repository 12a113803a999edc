"""``tmlfix codemod``: changes of one's own, written as semantic patches."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import Annotated

import typer

from codemods.app.codemods import (
    FOLDER,
    SUFFIX,
    NamedPatch,
    example_facts,
    find_codemod,
    read_own,
    ready_patches,
)
from codemods.app.sources import working_tree_root
from codemods.cli.base import (
    Diff,
    Force,
    Format,
    Jobs,
    Output,
    OutputFormat,
    Patches,
    Paths,
    Push,
    Quiet,
    check_page_name,
    examples,
    finish,
    printed_to,
)
from codemods.cli.options import CODEMOD, check_options
from codemods.cli.program import commands
from codemods.cli.rewriting import (
    BranchOptions,
    ChangeFormat,
    CheckLeaks,
    Delivery,
    InPlace,
    NoCheckLeaks,
    PatchFile,
    change_tree,
    leak_check,
)
from codemods.cli.statuses import FOUND
from codemods.files.safe_open import UnfitFileError, read_file
from codemods.files.writing import write_file
from codemods.model.errors import UserError
from codemods.reports import codemods as reports
from codemods.reports import documents
from codemods.semantic_patches import failures, nothing_known, reason_untouched
from codemods.semantic_patches.proposal import NoProposalError, propose
from tml_ast.lexer import TmlSyntaxError

codemod = typer.Typer(
    help="Write, test and apply changes of your own, as patches that match code by its shape.\n\n"
    "[bold]new[/bold] writes a first patch from two pieces of code. docs/codemods.md says more.",
    epilog=examples(
        "tmlfix codemod new shut-door before.tml after.tml",
        "tmlfix codemod test shut-door",
        "tmlfix codemod apply shut-door lib/std --in-place",
    ),
    no_args_is_help=True,
    rich_markup_mode="rich",
)
commands.add_typer(codemod, name="codemod")

Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="A patch of the tree's folder codemods/ or of tmlfix by name, the file of a patch, "
        "or FILE.py:CLASS.",
    ),
]


@codemod.command("list")
def list_(format: Format = OutputFormat.TEXT, output: Output = None) -> None:
    """List the patches that there are: those of the tree, and those that come with tmlfix."""
    found = [("tree", each.patch) for each in read_own(working_tree_root([]))]
    found += [("tmlfix", each.patch) for each in ready_patches()]
    with printed_to(output):
        if format is OutputFormat.JSON:
            documents.print_json(reports.patches_document(found))
        else:
            reports.print_patches(found)


@codemod.command(epilog=examples("tmlfix codemod test", "tmlfix codemod test codemods/shut-door.patch"))
def test(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME|FILE", help="Patches by name or file; without one, all of the tree."),
    ] = None,
) -> None:
    """Run the examples of patches, and show a diff for each that fails.

    Exit status: 0 all pass, 1 an example fails or there is none, 2 a patch could not be read.
    """
    root = working_tree_root([])
    chosen = [find_codemod(name, root) for name in names] if names else read_own(root)
    if not chosen:
        raise UserError(f"{root / FOLDER} has no patch; tmlfix codemod new begins one")
    failed = False
    for named in chosen:
        if not isinstance(named, NamedPatch):
            raise UserError(f"{named.file}: a class has no examples; test it in Python")
        patch = named.patch
        facts_of = example_facts if patch.asks_for_facts else nothing_known
        wrong = list(failures(patch, facts_of))
        failed = failed or bool(wrong) or not patch.examples
        reasons = {
            example: reason_untouched(patch, example, facts_of)
            for example, made in wrong
            if made == example.before
        }
        reports.print_test(patch, named.label, wrong, reasons)
    finish((), FOUND if failed else 0)


@codemod.command(
    epilog=examples(
        "tmlfix codemod apply no-prints lib/std/tests",
        "tmlfix codemod apply codemods/shut-door.patch --in-place",
        "tmlfix codemod apply shut-door --review door.html",
        "tmlfix codemod apply shut-door --branch --selection tmlfix-selection.json",
        "tmlfix codemod apply tools/rename.py:Rename lib/std --patch rename.patch",
    )
)
def apply(
    context: typer.Context,
    name: Name,
    paths: Paths = None,
    in_place: InPlace = False,
    patch: PatchFile = None,
    branch: Annotated[
        bool,
        typer.Option(
            "--branch", help="Change the commit HEAD: one branch with one commit, and its patch in patches/."
        ),
    ] = False,
    push: Push = None,
    patches: Patches = None,
    force: Force = False,
    review: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            help="Write a page on which to approve the changes; of HEAD with --branch.",
        ),
    ] = None,
    selection: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Make exactly the changes that were approved on that page."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; list the places, and exit 1 if there are any.")
    ] = False,
    diff: Diff = False,
    check_leaks: CheckLeaks = False,
    no_check_leaks: NoCheckLeaks = False,
    format: Annotated[
        ChangeFormat,
        typer.Option("--format", metavar="FORMAT", help="Print text, json for programs, or sarif."),
    ] = ChangeFormat.TEXT,
    output: Output = None,
    jobs: Jobs = None,
    quiet: Quiet = False,
) -> None:
    """Apply a patch: show a diff of the working tree, or write it with --in-place, --patch or --branch.

    A class runs only because you name it here: FILE.py:CLASS. A patch is data, and runs nothing.

    Exit status: 0 done or nothing to change, 1 the diff has changes, 2 something asked for was not possible.
    """
    check_options(context, CODEMOD)
    if review is not None:
        check_page_name(review)
    codemod = find_codemod(name, working_tree_root(paths or ()))
    delivery = Delivery(
        leak_check(check_leaks, no_check_leaks),
        output,
        jobs,
        quiet,
        in_place=in_place,
        patch=patch,
        branch=BranchOptions(patches, force, push) if branch else None,
        review=review,
        selection=selection,
        dry_run=dry_run,
        diff=diff,
        format=format,
        command=f"tmlfix codemod apply {shlex.quote(name)}{' --branch' if branch else ' --in-place'}",
    )
    change_tree(codemod, paths or (), delivery)


@codemod.command(epilog=examples("tmlfix codemod new shut-door before.tml after.tml"))
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the patch is to be called.")],
    before: Annotated[
        Path, typer.Argument(metavar="BEFORE", help="A file with code as it is: a function, or statements.")
    ],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="The same code as it should be.")],
) -> None:
    """Begin a patch from code before and after, as codemods/NAME.patch; it is a proposal to edit."""
    if not name.replace("-", "").isalnum():
        raise UserError(f"{name}: a name has letters, digits and hyphens only")
    target = working_tree_root([]) / FOLDER / f"{name}{SUFFIX}"
    if target.exists():
        raise UserError(f"{target} is there already; choose another name or remove it")
    texts = [_code(before), _code(after)]
    try:
        text = propose(name, *texts)
    except NoProposalError as error:
        raise UserError(f"{error}; make the code smaller, or write {target} by hand") from None
    target.parent.mkdir(exist_ok=True)
    write_file(target, text.encode())
    typer.echo(
        f"wrote {FOLDER}/{target.name}, with both files as its example: edit it, then run "
        f"tmlfix codemod test {name}"
    )


def _code(path: Path) -> str:
    """The code of a file; statements alone become the body of a function."""
    from tml_ast.parser import parse, parse_snippet

    try:
        source = read_file(path)
    except UnfitFileError as error:
        raise UserError(f"{path}: {error}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        parse(source)
        return source.decode()
    except TmlSyntaxError as error:
        try:
            parse_snippet(source.strip(), "statements")
        except TmlSyntaxError:
            raise UserError(f"{path}:{error.line}:{error.column}: {error.message}") from None
    return f"func example() {{\n{textwrap.indent(textwrap.dedent(source.decode()).strip(), '    ')}\n}}\n"
