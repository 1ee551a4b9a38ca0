/**
 * Bytes, compared with the checksum that the service has of them.
 *
 * @module
 */
import { base64 } from "../foundation/bytes.ts";
import {
  type Checksum,
  type ExpectedChecksum,
  startChecksum,
} from "../foundation/checksums.ts";
import { ChecksumError } from "../foundation/errors.ts";

/** Compares bytes, as they come, with a checksum. */
export class Verifier {
  readonly #expected: ExpectedChecksum | undefined;
  readonly #checksum: Checksum | undefined;

  private constructor(
    expected: ExpectedChecksum | undefined,
    checksum: Checksum | undefined,
  ) {
    this.#expected = expected;
    this.#checksum = checksum;
  }

  /**
   * Starts.
   *
   * @param expected What is expected. Absent: all bytes are right.
   */
  static async start(
    expected: ExpectedChecksum | undefined,
  ): Promise<Verifier> {
    return new Verifier(
      expected,
      expected && await startChecksum(expected.algorithm),
    );
  }

  /** Adds bytes. */
  update(bytes: Uint8Array): void {
    this.#checksum?.update(bytes);
  }

  /**
   * Ends.
   *
   * @throws {ChecksumError} If the bytes were others.
   */
  finish(): void {
    if (this.#expected === undefined || this.#checksum === undefined) return;
    const { algorithm, value } = this.#expected;
    const actual = base64(this.#checksum.digest());
    if (actual !== value) throw new ChecksumError(algorithm, value, actual);
  }
}
