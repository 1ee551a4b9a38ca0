/**
 * Rewrites the values in JSON, XML, forms and loose text by the name that each
 * stands under. What is not rewritten stays byte for byte.
 *
 * @module
 */

/**
 * Decides on one value.
 *
 * @param names The names that it stands under, the innermost first.
 * @param value The value, decoded.
 * @returns What is written in its place; the same text leaves it alone.
 */
export type RewriteValue = (names: readonly string[], value: string) => string;

/**
 * Rewrites the values of a text in whichever form it has.
 *
 * @param text JSON, XML, a form, or text with names and values in it.
 * @param rewrite Decides on each value.
 */
export function rewriteText(text: string, rewrite: RewriteValue): string {
  if (isJson(text)) return rewriteJson(text, rewrite);
  if (/^\s*</.test(text)) return rewriteXml(text, rewrite);
  if (/^[\w.%+*-]+=[^\s]*$/.test(text)) return rewriteParams(text, rewrite);
  return rewriteLoose(text, rewrite);
}

/**
 * Rewrites the values of a query string or a form body.
 *
 * @param text The parameters, percent-encoded, without the `?`.
 * @param rewrite Decides on each value.
 */
export function rewriteParams(text: string, rewrite: RewriteValue): string {
  return text.split("&").map((pair) => {
    const equals = pair.indexOf("=");
    if (equals < 0) return pair;
    const name = pair.slice(0, equals);
    const value = decodedParam(pair.slice(equals + 1));
    const after = rewrite([decodedParam(name)], value);
    return after === value ? pair : `${name}=${encodeURIComponent(after)}`;
  }).join("&");
}

const JSON_TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+|\s+/gs;

/** An object or a list that is being read, and the member it is at. */
interface JsonLevel {
  readonly isObject: boolean;
  name: string | undefined;
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function rewriteJson(text: string, rewrite: RewriteValue): string {
  const levels: JsonLevel[] = [];
  let atName = false;
  const names = (): string[] =>
    levels.flatMap(({ name }) => name === undefined ? [] : [name]).reverse();
  return text.replace(JSON_TOKENS, (token) => {
    const level = levels.at(-1);
    switch (token[0]) {
      case "{":
      case "[":
        levels.push({ isObject: token === "{", name: undefined });
        atName = token === "{";
        return token;
      case "}":
      case "]":
        levels.pop();
        atName = false;
        return token;
      case ",":
        atName = level?.isObject === true;
        return token;
      case ":":
        atName = false;
        return token;
    }
    if (/^\s|^(?:true|false|null)$/.test(token)) return token;
    const value = token.startsWith('"') ? String(JSON.parse(token)) : token;
    if (atName && level !== undefined) {
      level.name = value;
      return token;
    }
    const after = rewrite(names(), value);
    return after === value ? token : JSON.stringify(after);
  });
}

const XML_TOKENS =
  /<!\[CDATA\[(?<data>[\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(?<end>\/?)(?<name>[^\s<>/!?]+)(?<fields>[^<>]*?)(?<empty>\/?)>|(?<text>[^<]+)|</g;

function rewriteXml(text: string, rewrite: RewriteValue): string {
  const out: string[] = [];
  const names: string[] = [];
  // Text between two tags is one value, whatever it is written with.
  let run = { start: 0, value: "" };
  const endRun = (): void => {
    if (run.value.trim() !== "") {
      const after = rewrite(names.toReversed(), run.value);
      if (after !== run.value) {
        out.splice(run.start, out.length, encodedXml(after));
      }
    }
  };
  for (const { 0: token, groups = {} } of text.matchAll(XML_TOKENS)) {
    const { name, end, empty, fields = "" } = groups;
    if (name === undefined) {
      run.value += groups["data"] ?? decodedXml(groups["text"] ?? "");
      out.push(token);
      continue;
    }
    endRun();
    if (end !== "") names.pop();
    else if (empty === "") names.push(name.slice(name.indexOf(":") + 1));
    out.push(
      end === "" ? `<${name}${rewriteFields(fields, rewrite)}${empty}>` : token,
    );
    run = { start: out.length, value: "" };
  }
  endRun();
  return out.join("");
}

function rewriteFields(fields: string, rewrite: RewriteValue): string {
  return fields.replace(
    /([\w:.-]+)(\s*=\s*)"([^"]*)"/g,
    (field, name: string, sign: string, encoded: string) => {
      const value = decodedXml(encoded);
      const after = rewrite([name], value);
      return after === value ? field : `${name}${sign}"${encodedXml(after)}"`;
    },
  );
}

/** Names and values as in settings files, scripts and words of an error. */
function rewriteLoose(text: string, rewrite: RewriteValue): string {
  return text
    .replace(
      /<([A-Za-z][\w-]*)>([^<]+)<\//g,
      (whole, name: string, value: string) => {
        const decoded = decodedXml(value);
        const after = rewrite([name], decoded);
        return after === decoded ? whole : `<${name}>${encodedXml(after)}</`;
      },
    )
    .replace(
      /(?<![\w-])([A-Za-z][\w-]*)(["']?[ \t]*[:=][ \t]*["']?)([^\s"'<>,;&]+)/g,
      (whole, name: string, sign: string, value: string) => {
        const after = rewrite([name], value);
        return after === value ? whole : `${name}${sign}${after}`;
      },
    );
}

const XML_ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["apos", "'"],
  ["gt", ">"],
  ["lt", "<"],
  ["quot", '"'],
]);

function decodedXml(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi,
    (entity, decimal?: string, hex?: string, name = "") => {
      if (decimal === undefined && hex === undefined) {
        return XML_ENTITIES.get(name) ?? entity;
      }
      const code = decimal ? Number(decimal) : parseInt(hex ?? "", 16);
      return code > 0x10_ffff ? entity : String.fromCodePoint(code);
    },
  );
}

/** Text as it stands in an element or an attribute. */
export function encodedXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** What is no percent-encoding stays as it is written. */
function decodedParam(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
