package org.kvant.convert;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The parts of a SentencePiece {@code tokenizer.model} that a GGUF file needs: a protocol buffer (ModelProto of
 * sentencepiece_model.proto) read field by field; unknown fields are skipped.
 *
 * @param pieces in id order
 * @param byteFallback whether bytes stand for what no piece covers
 * @param dummyPrefix whether a space is put before the text
 * @param normalizes whether the text is normalized by a table first, which llama.cpp does not do
 */
record SentencePieceModel(
        List<Piece> pieces, Kind kind, boolean byteFallback, boolean dummyPrefix, boolean normalizes) {
    /** TrainerSpec.ModelType. */
    enum Kind {
        UNIGRAM,
        BPE,
        WORD,
        CHAR
    }

    /**
     * One piece.
     *
     * @param type SentencePiece.Type, whose numbers are those of {@link TokenType}
     */
    record Piece(String text, float score, int type) {}

    private static final int MAX_PIECES = 1 << 24;

    /** A message being read: protocol buffer wire format. */
    private static final class Message {
        private final String file;
        private final ByteBuffer in;
        private int wire;

        Message(String file, ByteBuffer in) {
            this.file = file;
            this.in = in.order(ByteOrder.LITTLE_ENDIAN);
        }

        /** The next field's number, 0 at the end. */
        int next() throws ConvertException {
            if (!in.hasRemaining()) {
                return 0;
            }
            long tag = varint();
            wire = (int) (tag & 7);
            long field = tag >>> 3;
            if (field == 0 || field > 0x1FFF_FFFF) {
                throw damaged();
            }
            return (int) field;
        }

        long varint() throws ConvertException {
            long value = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                require(1);
                byte b = in.get();
                value |= (long) (b & 0x7f) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw damaged();
        }

        long number() throws ConvertException {
            requireWire(0);
            return varint();
        }

        float real() throws ConvertException {
            requireWire(5);
            require(4);
            return in.getFloat();
        }

        ByteBuffer bytes() throws ConvertException {
            requireWire(2);
            long length = varint();
            if (length < 0 || length > in.remaining()) {
                throw damaged();
            }
            ByteBuffer slice = in.slice(in.position(), (int) length);
            in.position(in.position() + (int) length);
            return slice;
        }

        String text() throws ConvertException {
            try {
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .onMalformedInput(CodingErrorAction.REPORT)
                        .decode(bytes())
                        .toString();
            } catch (CharacterCodingException e) {
                throw new ConvertException(file + ": a piece is not UTF-8; the file is damaged", e);
            }
        }

        void skip() throws ConvertException {
            switch (wire) {
                case 0 -> varint();
                case 1 -> {
                    require(8);
                    in.position(in.position() + 8);
                }
                case 2 -> bytes();
                case 5 -> {
                    require(4);
                    in.position(in.position() + 4);
                }
                default -> throw damaged();
            }
        }

        private void requireWire(int expected) throws ConvertException {
            if (wire != expected) {
                throw damaged();
            }
        }

        private void require(int count) throws ConvertException {
            if (in.remaining() < count) {
                throw damaged();
            }
        }

        private ConvertException damaged() {
            return new ConvertException(file + ": not a SentencePiece model, at byte " + in.position()
                    + " of a message; the file is damaged, copy it again");
        }
    }

    static SentencePieceModel parse(String file, byte[] data) throws ConvertException {
        List<Piece> pieces = new ArrayList<>();
        Kind kind = Kind.UNIGRAM;
        boolean byteFallback = false;
        boolean dummyPrefix = true;
        boolean normalizes = false;
        Message model = new Message(file, ByteBuffer.wrap(data));
        for (int field = model.next(); field != 0; field = model.next()) {
            switch (field) {
                case 1 -> {
                    pieces.add(piece(new Message(file, model.bytes())));
                    if (pieces.size() > MAX_PIECES) {
                        throw new ConvertException(file + ": more than " + MAX_PIECES + " pieces");
                    }
                }
                case 2 -> {
                    Message trainer = new Message(file, model.bytes());
                    for (int f = trainer.next(); f != 0; f = trainer.next()) {
                        switch (f) {
                            case 3 -> kind = kind(file, trainer.number());
                            case 35 -> byteFallback = trainer.number() != 0;
                            default -> trainer.skip();
                        }
                    }
                }
                case 3 -> {
                    Message normalizer = new Message(file, model.bytes());
                    for (int f = normalizer.next(); f != 0; f = normalizer.next()) {
                        switch (f) {
                            case 2 -> normalizes = normalizer.bytes().hasRemaining();
                            case 3 -> dummyPrefix = normalizer.number() != 0;
                            default -> normalizer.skip();
                        }
                    }
                }
                default -> model.skip();
            }
        }
        if (pieces.isEmpty()) {
            throw new ConvertException(
                    file + ": holds no pieces" + (data.length < 1024 ? "; is it the real file?" : ""));
        }
        return new SentencePieceModel(List.copyOf(pieces), kind, byteFallback, dummyPrefix, normalizes);
    }

    private static Piece piece(Message message) throws ConvertException {
        String text = "";
        float score = 0;
        int type = TokenType.NORMAL;
        for (int field = message.next(); field != 0; field = message.next()) {
            switch (field) {
                case 1 -> text = message.text();
                case 2 -> score = message.real();
                case 3 -> type = (int) message.number();
                default -> message.skip();
            }
        }
        return new Piece(text, score, type);
    }

    private static Kind kind(String file, long number) throws ConvertException {
        if (number < 1 || number > Kind.values().length) {
            throw new ConvertException(file + ": unknown model type " + number);
        }
        return Kind.values()[(int) number - 1];
    }
}
