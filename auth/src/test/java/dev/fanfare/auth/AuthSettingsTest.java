package dev.fanfare.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.fanfare.hub.Selector;
import java.net.URI;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthSettingsTest {

    private static final String HASH = "ab".repeat(32);

    @Test
    void aSecretTooShortForHs256SaysHowToMakeOne() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Forge.settings("x".repeat(31), null))
                .withMessageContaining("auth.key")
                .withMessageContaining("at least 32 bytes; openssl rand -base64 32")
                .withMessageNotContaining("xxx");
        assertThat(Forge.settings("x".repeat(32), null).isOpen()).isFalse();
    }

    @Test
    void whatGoesOnlyWithSomethingElseSaysSo() {
        URI jwks = URI.create("https://example.com/keys");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(null, jwks, "us", null, List.of()))
                .withMessageContaining("auth.issuer and auth.audience");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(null, null, "us", "hub", List.of()))
                .withMessageContaining("auth.issuer: not alone");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(null, null, null, "hub", List.of()))
                .withMessageContaining("auth.audience: not alone");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> settings(null, null, null, null, List.of(Selector.of("news/**"))))
                .withMessageContaining("auth.anonymous.subscribe: not alone");
        assertThat(settings(null, jwks, "us", "hub", List.of()).isOpen()).isFalse();
    }

    @Test
    void onlyPublicKeysFitToVerifyWithAreTaken() throws Exception {
        PrivateKey secret = KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate();
        String base64 = Base64.getEncoder().encodeToString(secret.getEncoded());
        KeyPairGenerator small = KeyPairGenerator.getInstance("RSA");
        small.initialize(1024);
        KeyPairGenerator other = KeyPairGenerator.getInstance("Ed448");

        refusesPem("hello", "not PEM");
        refusesPem("-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----", "openssl pkey -pubout");
        refusesPem("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----", "-RSAPublicKey_in");
        refusesPem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "unknown kind");
        refusesPem(Forge.pem(small.generateKeyPair().getPublic()), "at least 2048 bits");
        refusesPem(Forge.pem(other.generateKeyPair().getPublic()), "unknown kind");
        String good = Forge.pem(new ECKeyGenerator(Curve.P_384).generate().toPublicKey());
        assertThat(Forge.settings(null, good).isOpen()).isFalse();
        assertThat(Forge.settings(null, good.replace("\n", "\r\n")).isOpen()).isFalse();
    }

    @Test
    void apiKeysAreAnArrayOfObjects() {
        List<ApiKey> keys = ApiKey.list("[{\"name\":\"a\",\"sha256\":\"" + HASH
                + "\",\"publish\":[\"orders/**\",\"@all\"],\"subscribe\":[],\"admin\":true},{\"name\":\"b\",\"sha256\":\""
                + HASH + "\"}]");

        assertThat(keys).hasSize(2);
        assertThat(keys.get(0).rights())
                .isEqualTo(new Rights(List.of(), List.of(Selector.of("orders/**"), Selector.of("@all")), true));
        assertThat(keys.get(1).rights()).isEqualTo(Rights.NONE);
        assertThat(ApiKey.list("[]")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|not an array",
                "[1]|not an array",
                "[{}]|expected: 1 to 64",
                "[{\"name\":\"a\"}]|sha256 is none",
                "[{\"name\":\"a\",\"sha256\":\"my-key\"}]|not the key itself",
                "[{\"name\":\"a b\",\"sha256\":\"HASH\"}]|letters, digits",
                "[{\"name\":\"a\",\"sha256\":\"HASH\",\"publsh\":[]}]|has publsh",
                "[{\"name\":\"a\",\"sha256\":\"HASH\",\"publish\":\"x\"}]|publish is not a list",
                "[{\"name\":\"a\",\"sha256\":\"HASH\",\"subscribe\":[\"@me\"]}]|there is no user",
                "[{\"name\":\"a\",\"sha256\":\"HASH\"},{\"name\":\"a\",\"sha256\":\"HASH\"}]|a name for each key",
            })
    void anApiKeyThatCannotBeUsedSaysWhichAndWhy(String json, String saying) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ApiKey.list(json.replace("HASH", HASH)))
                .withMessageContaining(saying)
                .withMessageNotContaining("my-key");
    }

    private static void refusesPem(String pem, String saying) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Forge.settings(null, pem))
                .withMessageStartingWith("auth.public-key: ")
                .withMessageContaining(saying);
    }

    private static AuthSettings settings(
            @Nullable String key,
            @Nullable URI jwks,
            @Nullable String issuer,
            @Nullable String audience,
            List<Selector> anonymous) {
        return new AuthSettings(
                key, null, jwks, issuer, audience, "fanfare", Duration.ofSeconds(30), List.of(), anonymous);
    }
}
