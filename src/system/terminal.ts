/**
 * Questions to the person at the terminal.
 *
 * @module
 */

/**
 * Makes the function that asks for a code of an MFA device on the terminal.
 *
 * @returns The function, or `undefined` where the program has no terminal.
 */
export function terminalMfaCode():
  | ((serialNumber: string) => Promise<string>)
  | undefined {
  if (!("Deno" in globalThis) || !Deno.stdin.isTerminal()) return undefined;
  return (serialNumber) => {
    const answer = prompt(`Enter MFA code for ${serialNumber}:`);
    return Promise.resolve((answer ?? "").trim());
  };
}
