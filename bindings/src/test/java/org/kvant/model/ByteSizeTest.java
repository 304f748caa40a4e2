package org.kvant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({"60MiB,62914560", "1.5GB,1500000000", "91727136,91727136", "2k,2000", "1 KiB,1024", "7B,7"})
    void readsSizes(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"MiB", "-3", "1e3", "0", "60 MiBs", "99999999T"})
    void refusesOtherSizes(String text) {
        assertThatThrownBy(() -> ByteSize.parse(text)).hasMessageContaining(text);
    }

    @ParameterizedTest
    @CsvSource({"0,0 B", "1023,1023 B", "1536,1.5 KiB", "1048575,1.0 MiB", "9223372036854775807,8.0 EiB"})
    void writesSizes(long bytes, String text) {
        assertThat(ByteSize.text(bytes)).isEqualTo(text);
    }
}
