#!/usr/bin/env node
// Counts the words of a text: one JSON object in, one JSON object out.

import { readFileSync } from "node:fs";

function answer(payload) {
  if (typeof payload?.text !== "string") {
    throw new Error("the payload must be an object with the text `text`");
  }
  return { words: payload.text.split(/\s+/).filter(Boolean).length };
}

try {
  console.log(JSON.stringify(answer(JSON.parse(readFileSync(0, "utf8")))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
