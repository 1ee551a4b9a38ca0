/**
 * How far an attempt came, and when.
 *
 * @module
 */

/**
 * The stages of one attempt, in milliseconds. What was not reached, or cannot be
 * told, is absent. All but the first two count from the moment that the
 * transport started on the request.
 */
export interface Timeline {
  /** Sum of all waits between the attempts of the call. */
  readonly waitedMs?: number;
  /** How long the request stood in the queue for a connection. */
  readonly queuedMs?: number;
  /** When a connection to the host was seen to be open; known where it was dialled. */
  readonly dialledMs?: number;
  /**
   * When the platform had taken the whole request. It does not tell when the
   * last byte left the machine.
   */
  readonly sentMs?: number;
  /** When the answer began. */
  readonly firstByteMs?: number;
  /** When its last byte so far came. */
  readonly lastByteMs?: number;
}

/** The stages in their order, and what stands before and after their time. */
const STAGES: readonly (readonly [keyof Timeline, string, string])[] = [
  ["waitedMs", "waited", "ms between attempts"],
  ["queuedMs", "queued for", "ms"],
  ["dialledMs", "dialled after", "ms"],
  ["sentMs", "handed over after", "ms"],
  ["firstByteMs", "first byte after", "ms"],
  ["lastByteMs", "last byte after", "ms"],
];

/** The stages that were reached, in words; empty where there are none. */
export function timelineWords(timeline: Timeline): string {
  return STAGES.flatMap(([stage, before, after]) => {
    const ms = timeline[stage];
    return ms === undefined ? [] : [`${before} ${Math.ceil(ms)} ${after}`];
  }).join(", ");
}
