"""What a project writes into its own files to run tmlfix: hooks and CI jobs, to be copied."""

from __future__ import annotations

HOOK = """\
#!/bin/sh
exec tmlfix check --changed-since HEAD
"""

PRE_COMMIT = """\
repos:
  - repo: https://example.org/OWNER/tmlfix
    rev: REVISION
    hooks:
      - id: tmlfix-check
        args: [--changed-since, HEAD]
"""

GITHUB = """\
name: leaks
on: pull_request
permissions:
  contents: read
jobs:
  tmlfix:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: OWNER/tmlfix@REVISION
        with:
          changed-since: origin/${{ github.base_ref }}
"""

GITLAB = """\
tmlfix:
  image: python:3.12
  variables:
    GIT_DEPTH: 0
  script:
    - pip install "$TMLFIX"  # a wheel of tmlfix, or a checkout
    - tmlfix check --changed-since "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --format junit -o tmlfix.xml
  artifacts:
    when: always
    reports:
      junit: tmlfix.xml
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
"""

SNIPPETS = {
    ".git/hooks/pre-commit, made executable": HOOK,
    ".pre-commit-config.yaml, for pre-commit": PRE_COMMIT,
    ".github/workflows/tmlfix.yml, for GitHub Actions": GITHUB,
    ".gitlab-ci.yml, for GitLab": GITLAB,
}
"""Each snippet by the file that it goes into."""
