#!/usr/bin/env bash
# Put the previews below DIRECTORY on the pull request of COMMIT: one comment a stack, which the next preview replaces.
# What is in them comes from a pull request: it is text, and nothing else.
set -euo pipefail

directory=$1
repository="repos/$GITHUB_REPOSITORY"
number=$(gh api "$repository/commits/$COMMIT/pulls" --jq '[.[] | select(.state == "open")][0].number // empty')
if [[ -z $number ]]; then
  echo "No open pull request has the commit $COMMIT"
  exit 0
fi
shopt -s nullglob
for file in "$directory"/*/comment.md; do
  marker=$(head -n 1 "$file")
  if [[ ! $marker =~ ^"<!-- strongroom preview "[A-Za-z0-9._-]+" -->"$ ]]; then
    echo "$file is no preview: left out"
    continue
  fi
  comment=$(gh api --paginate "$repository/issues/$number/comments" --jq ".[]
    | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)
  if [[ -n $comment ]]; then
    gh api --silent --method PATCH "$repository/issues/comments/$comment" --field body=@<(head -c 65000 "$file")
  else
    gh api --silent --method POST "$repository/issues/$number/comments" --field body=@<(head -c 65000 "$file")
  fi
done
