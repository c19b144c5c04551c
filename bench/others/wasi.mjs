// node wasi.mjs PROGRAM.wasm ARGUMENTS…: runs a program of wasm32-wasip1 in V8, the working directory as its root.
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [, , program, ...args] = process.argv;
const wasi = new WASI({ version: "preview1", args: [program, ...args], preopens: { "/": "/" } });
const { instance } = await WebAssembly.instantiate(await readFile(program), wasi.getImportObject());
wasi.start(instance);
