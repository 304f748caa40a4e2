package org.kvant;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
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
    void onlyTheHttpPackageAndTheCommandsKnowVertx() {
        noClasses()
                .that()
                .resideOutsideOfPackages("org.kvant.http..", "org.kvant.cli..")
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
