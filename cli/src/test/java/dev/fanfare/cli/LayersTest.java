package dev.fanfare.cli;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** DESIGN.md, Layout: arrows point down only. */
class LayersTest {

    private static final JavaClasses FANFARE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("dev.fanfare");

    @Test
    void everyModuleIsLookedAt() {
        for (String module : List.of("stream", "hub", "redis", "rocksdb", "auth", "http", "server", "client", "cli")) {
            assertThat(FANFARE.stream().filter(type -> type.getPackageName().equals("dev.fanfare." + module)))
                    .as(module)
                    .isNotEmpty();
        }
    }

    @Test
    void modulesSeeOnlyThoseBelowThem() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("dev.fanfare..")
                .layer("event-stream")
                .definedBy("dev.fanfare.stream..")
                .layer("hub")
                .definedBy("dev.fanfare.hub..")
                .layer("log-rocksdb")
                .definedBy("dev.fanfare.rocksdb..")
                .layer("log-redis")
                .definedBy("dev.fanfare.redis..")
                .layer("auth")
                .definedBy("dev.fanfare.auth..")
                .layer("http")
                .definedBy("dev.fanfare.http..")
                .layer("server")
                .definedBy("dev.fanfare.server..")
                .layer("client")
                .definedBy("dev.fanfare.client..")
                .layer("cli")
                .definedBy("dev.fanfare.cli..")
                .whereLayer("event-stream")
                .mayNotAccessAnyLayer()
                .whereLayer("hub")
                .mayOnlyAccessLayers("event-stream")
                .whereLayer("log-rocksdb")
                .mayOnlyAccessLayers("hub", "event-stream")
                .whereLayer("log-redis")
                .mayOnlyAccessLayers("hub", "event-stream")
                .whereLayer("auth")
                .mayOnlyAccessLayers("hub")
                .whereLayer("http")
                .mayOnlyAccessLayers("auth", "hub", "event-stream")
                .whereLayer("server")
                .mayOnlyAccessLayers("auth", "http", "hub", "event-stream")
                .whereLayer("client")
                .mayOnlyAccessLayers("event-stream")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer()
                .ensureAllClassesAreContainedInArchitecture()
                .check(FANFARE);
    }

    @Test
    void theWireFormatDependsOnNothing() {
        classes()
                .that()
                .resideInAPackage("dev.fanfare.stream..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.fanfare.stream..", "java..", "org.jspecify..")
                .check(FANFARE);
    }

    @Test
    void theClientDependsOnTheJdkAndTheWireFormatAlone() {
        classes()
                .that()
                .resideInAPackage("dev.fanfare.client..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("dev.fanfare.client..", "dev.fanfare.stream..", "java..", "org.jspecify..")
                .check(FANFARE);
    }

    /** The log on Redis has to do with the connections of its client, which are Netty's. */
    @Test
    void onlyTheServerAndTheLogOnRedisSeeNetty() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.fanfare.server..", "dev.fanfare.redis..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .check(FANFARE);
    }

    @Test
    void onlyTheLogOnRedisSeesItsClient() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.fanfare.redis..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.lettuce..")
                .check(FANFARE);
    }

    @Test
    void onlyAuthSeesTheJoseLibrary() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.fanfare.auth..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.nimbusds..")
                .check(FANFARE);
    }

    @Test
    void theHubKnowsNoHttp() {
        noClasses()
                .that()
                .resideInAPackage("dev.fanfare.hub..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.net.http..", "com.sun.net.httpserver..")
                .check(FANFARE);
    }
}
