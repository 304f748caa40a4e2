package org.kvant;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules that keep the parts apart; they run here because only this module sees all of them. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("org.kvant");

    @Test
    void onlyTheNativeEdgeLinks() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.kvant.llama.ffi..", "org.kvant.llama.loader..")
                .should()
                .dependOnClassesThat()
                .belongToAnyOf(Linker.class, SymbolLookup.class)
                .because("a wrong signature kills the JVM, so one place links")
                .check(CLASSES);
    }

    @Test
    void noPackagesDependOnEachOther() {
        slices().matching("org.kvant.(**)")
                .should()
                .beFreeOfCycles()
                .because("a package can then be read, tested and moved by itself")
                .check(CLASSES);
    }

    @Test
    void theEngineKnowsNothingOfWhoUsesIt() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "org.kvant.engine..", "org.kvant.grammar..", "org.kvant.promptstore..", "org.kvant.template..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.kvant.http..",
                        "org.kvant.api..",
                        "org.kvant.chat..",
                        "org.kvant.monitoring..",
                        "org.kvant.cli..",
                        "org.kvant.convert..",
                        "org.kvant.quantize..",
                        "picocli..",
                        "io.micrometer..")
                .because("Java programs embed it")
                .check(CLASSES);
    }

    @Test
    void wireFormatsKnowNoTransport() {
        noClasses()
                .that()
                .resideInAnyPackage("org.kvant.api..", "org.kvant.chat..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.kvant.http..", "org.kvant.monitoring..", "org.kvant.cli..")
                .because("a format is text in and text out")
                .check(CLASSES);
    }

    @Test
    void oneWireFormatKnowsNoOther() {
        slices().matching("org.kvant.api.(openai|llamacpp)..")
                .should()
                .notDependOnEachOther()
                .because("each can be taken away")
                .check(CLASSES);
    }

    @Test
    void monitoringHearsAndDoesNotAsk() {
        noClasses()
                .that()
                .resideInAPackage("org.kvant.monitoring..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.kvant.http..", "org.kvant.api.openai..", "org.kvant.api.llamacpp..", "org.kvant.cli..")
                .because("it is told by engine.watch and api.watch")
                .check(CLASSES);
    }

    @Test
    void onlyTheWrappersUseTheGeneratedBindings() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.kvant.llama..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.kvant.llama.ffi..")
                .because("a wrong argument to ggml kills the JVM, so wrappers check them first")
                .check(CLASSES);
    }

    /** Only the command line knows what its options are called. */
    @Test
    void theEngineNamesNoOptionsOfTheCommandLine() throws IOException {
        Path engine = Path.of(System.getProperty("kvant.root")).resolve("engine/src/main/java");
        try (Stream<Path> files = Files.walk(engine)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".java")).toList()) {
                assertThat(Files.readAllLines(file))
                        .as(file.toString())
                        .noneMatch(line -> line.matches(".*\"[^\"]*--[a-z][a-z-]+[^\"]*\".*"));
            }
        }
    }

    @Test
    void onlyTheHttpPackageKnowsVertx() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.kvant.http..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.vertx..")
                .because("the engine serves other front ends as well")
                .check(CLASSES);
    }

    @Test
    void onlyTheVectorPackagesUseTheIncubator() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "org.kvant.codec.vector..", "org.kvant.linalg.vector..", "org.kvant.llama.attention.vector..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.incubator..")
                .because("an incubator module may be absent at run time")
                .check(CLASSES);
    }
}
