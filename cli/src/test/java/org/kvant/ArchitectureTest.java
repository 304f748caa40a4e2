package org.kvant;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasModifiers.Predicates.modifier;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kvant.llama.library.BackendAbortedException;
import org.kvant.llama.library.LlamaException;
import org.kvant.quantize.Rounder;

/** The rules that keep the parts apart; they run here because only this module sees all of them. */
class ArchitectureTest {

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            // Tests of another module that this one uses come as a jar.
            .withImportOption(location -> !location.contains("-tests.jar"))
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

    @Test
    void onlyTheWrappersUseWhatIsBelowThem() {
        noClasses()
                .that()
                .resideOutsideOfPackage("org.kvant.llama..")
                .should()
                .dependOnClassesThat(resideInAPackage("org.kvant.llama.library..")
                        .and(not(belongToAnyOf(LlamaException.class, BackendAbortedException.class))))
                .because("it hands out segments and checks little")
                .check(CLASSES);
    }

    @Test
    void noSegmentIsPublicButOfFilesCodecsAndTheNativeEdge() {
        codeUnits()
                .that()
                .arePublic()
                .and()
                .areDeclaredInClassesThat(SEGMENTS_NOT_PUBLIC)
                .should(haveNoSegment())
                .because("who has a segment can end the JVM, and must know who frees it")
                .check(CLASSES);
        noFields()
                .that()
                .arePublic()
                .and()
                .areDeclaredInClassesThat(SEGMENTS_NOT_PUBLIC)
                .should()
                .haveRawType(MemorySegment.class)
                .check(CLASSES);
    }

    private static final DescribedPredicate<JavaClass> SEGMENTS_NOT_PUBLIC = resideOutsideOfPackages(
                    "org.kvant.gguf..",
                    "org.kvant.codec..",
                    "org.kvant.llama.ffi..",
                    "org.kvant.llama.loader..",
                    "org.kvant.llama.library..")
            .and(modifier(JavaModifier.PUBLIC))
            // Which writes encoded rows where the file wants them.
            .and(not(belongToAnyOf(Rounder.class)));

    private static ArchCondition<JavaCodeUnit> haveNoSegment() {
        return new ArchCondition<>("have no MemorySegment") {
            @Override
            public void check(JavaCodeUnit unit, ConditionEvents events) {
                boolean has = unit.getRawReturnType().isEquivalentTo(MemorySegment.class)
                        || unit.getRawParameterTypes().stream().anyMatch(t -> t.isEquivalentTo(MemorySegment.class));
                if (has) {
                    events.add(SimpleConditionEvent.violated(unit, unit.getFullName() + " has a MemorySegment"));
                }
            }
        };
    }
}
