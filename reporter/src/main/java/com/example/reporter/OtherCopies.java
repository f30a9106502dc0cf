package com.example.reporter;

import android.content.ComponentName;
import android.content.Context;
import android.content.Intent;
import android.content.ServiceConnection;
import android.content.pm.CrossProfileApps;
import android.os.IBinder;
import android.os.Parcel;
import android.os.RemoteException;
import android.os.UserHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Asks this app's copies in the other profiles of the phone to answer. The company allows that (connectedWorkAndPersonalApp), and the person
 * agrees once, in the system's own dialog.
 */
final class OtherCopies {
    private static final int SECONDS = 60;

    private OtherCopies() {}

    /** The thumbprints of the keys with which they have answered. */
    static List<String> ask(Context context, String gate, String token) {
        List<String> answered = new ArrayList<>();
        CrossProfileApps profiles = context.getSystemService(CrossProfileApps.class);
        if (!profiles.canInteractAcrossProfiles()) {
            return answered;
        }
        for (UserHandle profile : profiles.getTargetUserProfiles()) {
            String thumbprint = ask(context, profile, gate, token);
            if (!thumbprint.isEmpty()) {
                answered.add(thumbprint);
            }
        }
        return answered;
    }

    private static String ask(Context context, UserHandle profile, String gate, String token) {
        BlockingQueue<IBinder> bound = new ArrayBlockingQueue<>(1);
        ServiceConnection connection =
                new ServiceConnection() {
                    @Override
                    public void onServiceConnected(ComponentName name, IBinder service) {
                        bound.offer(service);
                    }

                    @Override
                    public void onServiceDisconnected(ComponentName name) {}
                };
        Intent intent = new Intent(context, CopyService.class);
        if (!context.bindServiceAsUser(intent, connection, Context.BIND_AUTO_CREATE, profile)) {
            return "";
        }
        Parcel data = Parcel.obtain();
        Parcel reply = Parcel.obtain();
        try {
            IBinder copy = bound.poll(SECONDS, TimeUnit.SECONDS);
            data.writeString(gate);
            data.writeString(token);
            boolean told = copy != null && copy.transact(CopyService.ANSWER, data, reply, 0);
            String thumbprint = told ? reply.readString() : "";
            return thumbprint == null ? "" : thumbprint;
        } catch (InterruptedException | RemoteException error) {
            return "";
        } finally {
            data.recycle();
            reply.recycle();
            context.unbindService(connection);
        }
    }
}
