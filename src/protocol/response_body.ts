/**
 * The bodies of responses that are read whole.
 *
 * @module
 */
import { strictText } from "../foundation/bytes.ts";
import { ProtocolError } from "../foundation/errors.ts";
import type { HttpResponse, ResponseBody } from "../ports/http.ts";
import type { XmlElement } from "./xml_reader.ts";

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
