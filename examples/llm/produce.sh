#!/usr/bin/env bash
# Asks a language model and publishes its answer while it comes, with nothing but curl: ./produce.sh ID openai|anthropic PROMPT
# FANFARE_URL and LLM_URL say where both are.
set -euo pipefail

id=$1 prompt=${3//\\/\\\\}
case $2 in
  openai) path=/v1/chat/completions ;;
  anthropic) path=/v1/messages ;;
esac

exec < <(exec curl -fsSN "${LLM_URL:-http://127.0.0.1:7071}$path" -H 'Content-Type: application/json' \
  -d '{"model":"fake","stream":true,"max_tokens":1024,"messages":[{"role":"user","content":"'"${prompt//\"/\\\"}"'"}]}')
trap "kill $! 2>/dev/null || true" EXIT # a reader's stop: the model stops too

# With -T - a stop (409) is heard with the next token; -T . hears it between two, but some versions of curl wait for it with a busy loop.
curl -sS --fail-with-body -T - -X POST "${FANFARE_URL:-http://127.0.0.1:7070}/topics/answers/$id?end" \
  -H 'Content-Type: text/event-stream' -H "Idempotency-Key: $id"
