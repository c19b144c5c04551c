#!/usr/bin/env node
// Counts the words of a text and of all texts of the session: one JSON object in, one JSON object out.

import { existsSync, readFileSync, writeFileSync } from "node:fs";

// In the work folder, which a session keeps from call to call.
const STATE = "state.json";

function answer(payload) {
  if (typeof payload?.text !== "string") {
    throw new Error("the payload must be an object with the text `text`");
  }
  const words = payload.text.split(/\s+/).filter(Boolean).length;
  const before = existsSync(STATE) ? JSON.parse(readFileSync(STATE, "utf8")).total : 0;
  const total = before + words;
  writeFileSync(STATE, JSON.stringify({ total }));
  return { words, total };
}

try {
  console.log(JSON.stringify(answer(JSON.parse(readFileSync(0, "utf8")))));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
