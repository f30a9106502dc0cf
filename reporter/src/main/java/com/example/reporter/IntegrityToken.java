package com.example.reporter;

import java.io.IOException;

/** Asks Play Integrity. A build with Google's library has one that makes a classic request with this nonce, and waits for its token. */
interface IntegrityToken {
    /** Where the gate asks for no token. */
    IntegrityToken NONE = nonce -> null;

    /** The token; null if this build has none. */
    String of(String nonce) throws IOException;
}
