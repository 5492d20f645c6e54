package dev.fanfare.server;

import dev.fanfare.hub.Frame;
import dev.fanfare.hub.FrameEncoder;

/** Frames with HTTP/1.1 chunk framing around them (RFC 9112, 7.1): one event, one chunk. */
final class ChunkedFrames implements FrameEncoder {

    @Override
    public Frame frame(byte[] text, int length) {
        int digits = Math.max(1, (35 - Integer.numberOfLeadingZeros(length)) / 4);
        int from = digits + 2;
        byte[] chunk = new byte[from + length + 2];
        for (int i = digits - 1, rest = length; i >= 0; i--, rest >>>= 4) {
            chunk[i] = (byte) Character.forDigit(rest & 0xf, 16);
        }
        chunk[digits] = '\r';
        chunk[digits + 1] = '\n';
        System.arraycopy(text, 0, chunk, from, length);
        chunk[from + length] = '\r';
        chunk[from + length + 1] = '\n';
        return new Frame(chunk, from, from + length);
    }
}
