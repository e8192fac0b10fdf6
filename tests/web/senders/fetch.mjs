// Node's fetch sends every case to the bridge at argv[2], with the files of the folder argv[3].
import { readFile } from "node:fs/promises";

const [base, folder] = process.argv.slice(2);
const small = await readFile(`${folder}/small.json`);
const large = await readFile(`${folder}/large.json`);

async function send(name, body, options = {}, source = "json") {
  const headers = source === "json" ? { "Content-Type": "application/json" } : {};
  const answer = await fetch(`${base}/hooks/${source}?case=${name}&name=Мария`, { method: "POST", headers, body, ...options });
  if (await answer.text() !== "OK") throw new Error(`${name}: ${answer.status}`);
}

const form = new FormData();
form.append("name", "Мария");
form.append("file", new Blob([await readFile(`${folder}/file.bin`)]), "file.bin");

await send("small", small);
await send("again", small);
await send("large", large);
await send("chunked", new Blob([large]).stream(), { duplex: "half" });
await send("multipart", form, {}, "form");
