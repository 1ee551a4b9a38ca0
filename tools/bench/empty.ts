/**
 * The program that does nothing.
 *
 * @module
 */
