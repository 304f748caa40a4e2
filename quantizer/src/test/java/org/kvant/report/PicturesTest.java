package org.kvant.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.kvant.gguf.GgmlType;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class PicturesTest {
    private static Document parsed(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static double cy(Document plot, int index) {
        NodeList circles = plot.getElementsByTagName("circle");
        return Double.parseDouble(((Element) circles.item(index)).getAttribute("cy"));
    }

    @Test
    void pointsAreDrawnOnALogarithmicAxis() throws Exception {
        Document plot = parsed(Pictures.divergences(List.of(
                new Pictures.Point(Maker.KVANT, "a & b", 1_000_000, 0.1, 0.001),
                new Pictures.Point(Maker.KVANT, "c", 2_000_000, 0.01, 0),
                new Pictures.Point(Maker.KVANT, "d", 3_000_000, 0.001, 0),
                new Pictures.Point(Maker.PRESET_IMATRIX, "e", 3_000_000, 0.05, 0))));
        assertThat(cy(plot, 1) - cy(plot, 0)).isPositive();
        assertThat(cy(plot, 2) - cy(plot, 1))
                .isCloseTo(cy(plot, 1) - cy(plot, 0), org.assertj.core.data.Offset.offset(0.2));
        assertThat(plot.getDocumentElement().getTextContent())
                .contains("a & b", "file size (MiB)", "log scale", Maker.PRESET_IMATRIX.label());
    }

    @Test
    void aStripIsAsWideAsTheBytes() throws Exception {
        Document strip = parsed(Pictures.allocation(
                "title",
                List.of(
                        new Pictures.Tensor("blk.0.attn_q.weight", GgmlType.Q4_K, 100),
                        new Pictures.Tensor("blk.0.attn_k.weight", GgmlType.Q4_K, 100),
                        new Pictures.Tensor("blk.1.attn_q.weight", GgmlType.Q6_K, 300),
                        new Pictures.Tensor("token_embd.weight", GgmlType.Q8_0, 500))));
        NodeList titles = strip.getElementsByTagName("title");
        assertThat(titles.getLength()).isEqualTo(3);
        assertThat(titles.item(0).getTextContent()).startsWith("token_embd: Q8_0");
        assertThat(titles.item(1).getTextContent()).startsWith("layer 0, attn_q, attn_k: Q4_K");
        assertThat(((Element) titles.item(2).getParentNode()).getAttribute("d")).startsWith("M700.0 0h300.");
        assertThat(strip.getDocumentElement().getTextContent()).contains("Q8_0 50.0", "Q6_K 30.0", "Q4_K 20.0");
    }

    @Test
    void nothingToDrawIsRefused() {
        assertThatThrownBy(() -> Pictures.divergences(List.of(new Pictures.Point(Maker.FULL, "a", 1, 0, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nothing to draw");
    }
}
