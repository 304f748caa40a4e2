package org.kvant.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class MetadataTest {
    @Test
    void puttingAgainKeepsThePlaceAndRemovingFirstMovesToTheEnd() {
        Metadata.Builder builder =
                Metadata.builder().putU32("a", 1).putU32("b", 2).putU32("a", 3);
        Metadata first = builder.build();
        assertThat(first.keys()).containsExactly("a", "b");
        Metadata second = builder.remove("a").putU32("a", 4).build();
        assertThat(second.keys()).containsExactly("b", "a");
        assertThat(first.get("a")).as("a built one does not change").contains(new MetaValue.U32(3));
        assertThat(first)
                .isNotEqualTo(first.toBuilder().remove("a").putU32("a", 3).build());
        assertThatThrownBy(() -> first.asMap().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void badKeysAndValuesAreRefused() {
        Metadata.Builder builder = Metadata.builder();
        for (String key : List.of("", "a\0b", "k".repeat(65_536))) {
            assertThatThrownBy(() -> builder.putU32(key, 1)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> builder.putU32("k", -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.putU32("k", 1L << 32)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MetaValue.U8(256)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new MetaValue.U16(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> MetaArray.of(ValueType.U8, List.of(new MetaValue.I8((byte) 1))))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> MetaArray.of(ValueType.ARRAY, List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThat(builder.build().keys()).isEmpty();
    }

    @Test
    void arraysDecodeWhatTheyEncode() {
        assertThat(MetaArray.ofU32s(-1, 5).longs()).containsExactly(0xFFFF_FFFFL, 5);
        assertThat(MetaArray.ofI32s(-1, 5).longs()).containsExactly(-1, 5);
        assertThat(MetaArray.of(ValueType.I8, List.of(new MetaValue.I8((byte) -3)))
                        .longs())
                .containsExactly(-3);
        assertThat(MetaArray.of(ValueType.I16, List.of(new MetaValue.I16((short) -3)))
                        .longs())
                .containsExactly(-3);
        MetaArray strings = MetaArray.ofBytes(List.of(
                new byte[] {(byte) 0xFF}, new byte[0], "\u00e9".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
        assertThat(strings.strings()).containsExactly("\uFFFD", "", "\u00e9");
        assertThat(strings.bytes(0)).containsExactly(0xFF);
        assertThat(strings.get(2)).isEqualTo(MetaValue.Str.of("\u00e9"));
        assertThatThrownBy(() -> strings.string(3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(strings::longs).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(strings::floats).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> MetaArray.ofI32s(1).string(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void textFromFilesIsMadeSafeForTerminals() {
        assertThat(Printable.oneLine("plain \u6a21\u578b \ud83d\ude00")).isEqualTo("plain \u6a21\u578b \ud83d\ude00");
        assertThat(Printable.oneLine("a\u001b[31mb\r\n\t\u0007")).isEqualTo("a\\u001B[31mb\\r\\n\\t\\u0007");
        assertThat(Printable.oneLine("x\u202Ey\u2028z\ud800")).isEqualTo("x\\u202Ey\\u2028z\\uD800");
    }
}
