#!/usr/bin/env bash
# Put the previews below DIRECTORY on the pull request of COMMIT: one comment for each of STACKS, which the next preview
# replaces. What is in them comes from a pull request: it is text, and nothing else. What a fork's own code wrote, where
# HEAD_REPOSITORY isn't this repository, is marked as such and shown as a block of code.
set -euo pipefail

directory=$1
repository="repos/$GITHUB_REPOSITORY"
number=$(gh api "$repository/commits/$COMMIT/pulls" --jq '[.[] | select(.state == "open"
  and .head.sha == env.COMMIT and .head.repo.full_name == env.HEAD_REPOSITORY)][0].number // empty')
if [[ -z $number ]]; then
  echo "No open pull request ends with the commit $COMMIT"
  exit 0
fi

write_body() {
  echo "$1"
  if [[ $HEAD_REPOSITORY == "$GITHUB_REPOSITORY" ]]; then
    tail -n +2 "$2"
  else
    echo
    echo "**The code of a fork wrote this, and may have written anything**: it is the fork's own word for what would change."
    echo
    # Each line is indented: nothing in it ends the block of code.
    tail -n +2 "$2" | tr '\r' '\n' | sed 's/^/    /'
  fi
}

cut_text() {
  # A character that the cut divides is an error to iconv, which leaves it out. What is cut off is read too: otherwise
  # its writer would fail.
  { head -c 60000 && cat >/dev/null; } | { iconv -c -f UTF-8 -t UTF-8 2>/dev/null || true; }
}

for stack in $STACKS; do
  file="$directory/preview-$stack/comment.md"
  marker="<!-- strongroom preview $stack -->"
  if [[ ! -f $file || -L $file ]]; then
    continue
  fi
  if [[ $(head -n 1 "$file" | tr -d '\000') != "$marker" ]]; then
    echo "$file is no preview of $stack: omitted"
    continue
  fi
  body=$(mktemp)
  write_body "$marker" "$file" | cut_text >"$body"
  comment=$(gh api --paginate "$repository/issues/$number/comments" --jq ".[]
    | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)
  if [[ -n $comment ]]; then
    gh api --silent --method PATCH "$repository/issues/comments/$comment" --field body=@"$body"
  else
    gh api --silent --method POST "$repository/issues/$number/comments" --field body=@"$body"
  fi
  rm "$body"
done
