package com.example.reporter;

import android.app.Service;
import android.content.Intent;
import android.os.Binder;
import android.os.IBinder;
import android.os.Parcel;
import android.os.Process;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Collections;

/**
 * Lets the copy in the work profile ask the copy here to answer. It is not exported, so Android lets nobody in but this app, in whatever
 * profile; that is checked once more, since the word of one copy for another rests on it.
 */
public final class CopyService extends Service {
    static final int ANSWER = IBinder.FIRST_CALL_TRANSACTION;
    private static final int UIDS_OF_A_USER = 100_000;

    @Override
    public IBinder onBind(Intent intent) {
        return new Binder() {
            @Override
            protected boolean onTransact(int code, Parcel data, Parcel reply, int flags) {
                boolean sameApp =
                        Binder.getCallingUid() % UIDS_OF_A_USER == Process.myUid() % UIDS_OF_A_USER;
                if (code != ANSWER || !sameApp) {
                    return false;
                }
                reply.writeString(answer(data.readString(), data.readString()));
                return true;
            }
        };
    }

    /** The thumbprint of the key with which this copy has answered; empty if it could not. */
    private String answer(String gate, String token) {
        try {
            Reporter reporter = new Reporter(this);
            reporter.configure(gate, token);
            boolean taken = reporter.report(Collections.emptyList()).equals("ok");
            return taken ? Proof.thumbprint(HardwareKey.existing()) : "";
        } catch (IOException | GeneralSecurityException error) {
            return "";
        }
    }
}
