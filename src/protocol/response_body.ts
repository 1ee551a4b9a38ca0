/**
 * The bodies of responses that are read whole.
 *
 * @module
 */
import { strictText, text } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";
import type { Member, Operation } from "../ports/schema.ts";
import { maskedText } from "./mask.ts";
import { readXml, type XmlElement } from "./xml_reader.ts";

/** Stands for the body of a response that has none. */
export const NO_BODY: ResponseBody = {
  open: () => new Blob().stream(),
  bytes: () => Promise.resolve(new Uint8Array()),
  cancel: () => Promise.resolve(),
};

/** Stands for the document of a body without bytes. */
export const NO_DOCUMENT: XmlElement = {
  name: "",
  attributes: undefined,
  children: [],
  text: "",
};

/** Reads the body; one without bytes where the response has none. */
export async function bodyBytes(
  { body }: HttpResponse,
): Promise<Uint8Array<ArrayBuffer>> {
  return await (body ?? NO_BODY).bytes();
}

/**
 * Decodes a body.
 *
 * @throws {ProtocolError} If it is not UTF-8.
 */
export function bodyText(bytes: Uint8Array): string {
  try {
    return strictText(bytes);
  } catch (cause) {
    throw new ProtocolError(
      `Cannot read the response: its body of ${bytes.length} bytes is not UTF-8`,
      { cause },
    );
  }
}

/** The root of a document; `undefined` where a body is none. */
export function rootOf(bytes: Uint8Array): XmlElement | undefined {
  try {
    return readXml(bodyText(bytes));
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** How much of a body that was not expected is shown, in characters. */
const SHOWN = 80;

/** Control characters that JSON leaves as they are. */
const CONTROLS = /[\x7f-\x9f\u2028\u2029]/g;

/**
 * Makes the error of an answer that is none to the operation.
 *
 * @param operation The operation's table.
 * @param found What is wrong with it, and what came.
 */
export function wrongBody<Input, Output>(
  { name }: Operation<Input, Output>,
  found: string,
): ProtocolError {
  return new ProtocolError(`Cannot read the answer to ${name}: ${found}`);
}

/**
 * Says what came: the status, the type and the first bytes. These are withheld
 * where the right answer could have had a secret there.
 *
 * @param operation The operation's table.
 * @param response The response.
 * @param bytes Its body.
 */
export function answerInWords<Input, Output>(
  operation: Operation<Input, Output>,
  { status, headers }: HttpResponse,
  bytes: Uint8Array,
): string {
  const type = headers["content-type"];
  const facts = [
    `status ${status}`,
    type === undefined ? "no content type" : `content type ${shown(type)}`,
  ];
  if (bytes.length > 0) {
    const secret = Object.values(operation.output().members).some((member) =>
      (member.at === undefined || member.at === "payload") &&
      canHoldSecret(member, new Set())
    );
    // Masked before it is cut: half of a secret would not be found.
    const start = maskedText(text(bytes.subarray(0, 8 * SHOWN)));
    facts.push(
      secret
        ? `${bytes.length} bytes, withheld`
        : `${bytes.length} bytes that begin with ${shown(start)}`,
    );
  }
  return facts.join(", ");
}

/** The start of a text of a server, in quotes and in one line. */
function shown(words: string): string {
  return JSON.stringify(words.slice(0, SHOWN)).replace(
    CONTROLS,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function canHoldSecret(member: Member, seen: Set<Member["of"]>): boolean {
  if (member.secret) return true;
  if (typeof member.of === "string" || seen.has(member.of)) return false;
  seen.add(member.of);
  const shape = member.of();
  const parts = shape.kind === "structure"
    ? Object.values(shape.members)
    : [shape.kind === "list" ? shape.item : shape.value];
  return parts.some((part) => canHoldSecret(part, seen));
}
