// Runs an n8n workflow file as n8n would, for the nodes that ours use: node run_flow.mjs FLOW.json KEY < item.json
// Prints {node: item} of every node that ran. What n8n calls $json, $execution and {{ }} is evaluated by JavaScript itself.
// The item of a web hook has the bytes that came as text in `raw`. A real n8n does the same in test_n8n.py.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const [path, key] = process.argv.slice(2);
const flow = JSON.parse(readFileSync(path, "utf8"));
const nodes = new Map(flow.nodes.map((node) => [node.name, node]));
const ran = {};

function value(text, $json) {
  if (typeof text !== "string" || !text.startsWith("=")) return text;
  const whole = text.slice(1).match(/^\s*\{\{([\s\S]*)\}\}\s*$/);
  if (!whole) throw new Error(`not one expression: ${text}`);
  return new Function("$json", "$execution", `return (${whole[1]})`)($json, { id: "4711" });
}

const kinds = {
  webhook: (p, item) => [p.options.rawBody ? item : { ...item, raw: undefined }],
  extractFromFile: (p, { raw, ...item }) => {
    if (p.operation !== "text" || p.options.keepSource !== "json" || raw === undefined) throw new Error("no raw body");
    return [{ ...item, [p.destinationKey]: raw }];
  },
  removeDuplicates: (p, item) => {
    if (!value(p.dedupeValue, item)) throw new Error("nothing to tell items apart by");
    return [item];
  },
  manualTrigger: (p, item) => [item],
  crypto: (p, item) => {
    if (p.action !== "hmac" || p.type !== "SHA256") throw new Error("another action");
    const made = createHmac("sha256", key).update(value(p.value, item)).digest(p.encoding);
    return [{ ...item, [p.dataPropertyName]: made }];
  },
  set: (p, item) => [Object.fromEntries(p.assignments.assignments.map((a) => [a.name, value(a.value, item)]))],
  if: (p, item) => {
    const all = p.conditions.conditions.map((c) => value(c.leftValue, item));
    if (!all.every((one) => typeof one === "boolean")) throw new Error("strict: no boolean");
    return all.every(Boolean) ? [item, null] : [null, item];
  },
  respondToWebhook: (p, item) => [{ ...item, status: p.options.responseCode }],
  httpRequest: (p, item) => [{
    method: p.method, url: p.url, body: value(p.body, item), type: p.rawContentType,
    headers: Object.fromEntries(p.headerParameters.parameters.map((h) => [h.name, value(h.value, item)])),
  }],
};

function run(name, item) {
  const node = nodes.get(name);
  const outputs = kinds[node.type.replace("n8n-nodes-base.", "")](node.parameters, item);
  outputs.forEach((output, at) => {
    if (output === null) return;
    ran[name] = output;
    for (const next of flow.connections[name]?.main?.[at] ?? []) run(next.node, output);
  });
}

const targets = new Set(Object.values(flow.connections).flatMap((c) => c.main.flat().map((n) => n.node)));
const start = flow.nodes.find((n) => !targets.has(n.name) && !n.type.endsWith("stickyNote"));
run(start.name, JSON.parse(readFileSync(0, "utf8")));
process.stdout.write(JSON.stringify(ran));
