package org.kvant.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kvant.template.TemplateException.Kind;

/** Errors, bounds and the sandbox; what templates render is in {@link GoldenTest}. */
class TemplateTest {
    private static final TemplateLimits SMALL = new TemplateLimits(100_000, 50, 10_000);

    private static TemplateException failure(String source, TemplateLimits limits) {
        try {
            Template.parse(source).render(Map.of("s", "text", "d", Map.of("a", 1)), Golden.NOW, limits);
        } catch (TemplateException e) {
            return e;
        }
        throw new AssertionError("Rendered: " + source);
    }

    @Test
    void errorsNameLineAndTag() {
        TemplateException e = failure("a\n{% if true %}\n  {{ d.x.y }}\n{% endif %}", TemplateLimits.DEFAULT);
        assertThat(e.line()).isEqualTo(3);
        assertThat(e).hasMessage("line 3, in {{ d.x.y }}: 'dict object' has no attribute 'x'");
        assertThat(failure("x\n\n{% for x in %}{% endfor %}", TemplateLimits.DEFAULT)
                        .line())
                .isEqualTo(3);
        assertThat(failure("\n{% nope %}", TemplateLimits.DEFAULT))
                .hasMessage("line 2, in {% nope %}: Encountered unknown tag 'nope'.");
        assertThat(failure("\n{{ 'a }}", TemplateLimits.DEFAULT).line()).isEqualTo(2);
    }

    @Test
    void tellsTheTemplatesOwnWords() {
        TemplateException e = failure("\n{{ raise_exception('roles must alternate') }}", TemplateLimits.DEFAULT);
        assertThat(e.kind()).isEqualTo(Kind.RAISED);
        assertThat(e.reason()).isEqualTo("roles must alternate");
        assertThat(e.line()).isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% macro m(x) %}{% set y = m([x]) %}{% endmacro %}{{ m(1) }}",
                "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "{{ 'x' * 1000000000 }}",
                "{% for i in range(5000) %}{{ s }}{% endfor %}",
                "{{ [0] * 1000000000 }}",
                "{{ (1,) * 10**18 }}",
                "{{ s.center(10**9) }}",
                "{{ s.ljust(10**9) }}",
                "{{ s | center(10**9) }}",
                "{{ s | indent(10**9) }}",
                "{{ '%1000000d' % 1 }}",
                "{{ '{:1000000}'.format(1) }}",
                "{{ '%.*f' % (10**6, 1.5) }}",
                "{{ 10 ** (10 ** 7) }}",
                "{{ 2 ** 70000 }}",
                "{{ [1] | batch(10**9, 0) | list }}",
                "{{ [1] | slice(10**9) | list }}",
                "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
                "{% set ns = namespace(x=['ab']) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
                "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x.replace('', ns.x) %}{% endfor %}",
                "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x ~ 1 }}",
                "{% set ns = namespace(x=[], y=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
                "{% set ns = namespace(x=()) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
                "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}",
            })
    void boundsWhatATemplateUses(String source) {
        assertThat(failure(source, SMALL).kind()).isEqualTo(Kind.LIMIT);
    }

    @Test
    void boundsNestingOfTheTemplate() {
        for (String source : List.of(
                "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}",
                "{{ " + "[".repeat(5000) + "]".repeat(5000) + " }}",
                "{{ " + "-".repeat(5000) + "1 }}",
                "{% if 1 %}".repeat(5000) + "{% endif %}".repeat(5000))) {
            assertThat(failure(source, SMALL).kind())
                    .as(source.substring(0, 20))
                    .isIn(Kind.SYNTAX, Kind.LIMIT);
        }
        String chain = "{{ 1" + " + 1".repeat(200_000) + " }}";
        assertThat(failure(chain, TemplateLimits.DEFAULT).kind()).isEqualTo(Kind.LIMIT);
        String nots = "{{ " + "not ".repeat(5001) + "1 }}";
        assertThat(Template.parse(nots).render(Map.of())).isEqualTo("False");
    }

    @Test
    void reachesNoJavaObject() {
        for (String source : List.of(
                "{{ s.getClass() }}",
                "{{ s.class.forName('java.lang.Runtime') }}",
                "{{ s.__class__.__mro__ }}",
                "{{ d.entrySet() }}",
                "{{ range.__globals__ }}{{ range.body() }}",
                "{{ namespace().__init__.x }}",
                "{{ '{0.__class__.x}'.format(s) }}",
                "{{ s.length() }}")) {
            assertThat(failure(source, SMALL).kind()).as(source).isIn(Kind.UNDEFINED, Kind.SECURITY);
        }
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> Template.parse("{{ x }}").render(Map.of("x", new Object())));
    }

    @Test
    void readsAllKindsOfJavaValues() {
        Map<String, Object> variables = new HashMap<>();
        variables.put("list", List.of(1, 2L, 2.5f, (short) 3, new int[] {4, 5}));
        variables.put("nothing", null);
        assertThat(Template.parse("{{ list }}{{ nothing }}").render(variables)).isEqualTo("[1, 2, 2.5, 3, [4, 5]]None");
    }

    @Test
    void manyThreadsRenderOneTemplate() throws Exception {
        Template template = Template.parse("{% set ns = namespace(n=0) %}{% macro m(x) %}<{{ x }}>{% endmacro %}"
                + "{% for x in xs %}{% set ns.n = ns.n + x %}{{ m(x) }}{% endfor %}{{ ns.n }}");
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Callable<String>> work = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                int n = i;
                work.add(() -> template.render(Map.of("xs", List.of(n, n + 1))));
            }
            List<Future<String>> results = threads.invokeAll(work);
            for (int i = 0; i < results.size(); i++) {
                assertThat(results.get(i).get()).isEqualTo("<" + i + "><" + (i + 1) + ">" + (2 * i + 1));
            }
        }
    }
}
