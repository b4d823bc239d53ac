"use strict";
/* The page's data: gzipped JSON in script elements, unpacked when it is first asked for. */

const byId = (id) => document.getElementById(id);
const unpacked = new Map();

function unpack(id) {
  if (!unpacked.has(id)) unpacked.set(id, inflate(byId(id).textContent));
  return unpacked.get(id);
}

async function inflate(packed) {
  const text = atob(packed.trim());
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const BLOCK = { q: 200, p: 100, r: 200 };

async function item(kind, number) {
  const block = await unpack(kind + Math.floor(number / BLOCK[kind]));
  return block[number % BLOCK[kind]];
}

/* Elements are made of text nodes alone: nothing that a run holds is ever read as HTML. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== ""));
  return node;
}

function link(url, text) {
  let address = null;
  try { address = new URL(url); } catch { return text; }
  if (address.protocol !== "https:" && address.protocol !== "http:") return text;
  return el("a", { href: address.href, rel: "noopener noreferrer" }, text);
}

const format = (number) => number.toLocaleString("en");
const spaced = (name) => name.replaceAll("_", " ");
