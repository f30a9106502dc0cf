package com.example.reporter;

import android.content.BroadcastReceiver;
import android.content.Context;
import android.content.Intent;

/** Reports at once after a start, after an update of this app, and when a listed app has been removed. */
public final class Changes extends BroadcastReceiver {
    @Override
    public void onReceive(Context context, Intent intent) {
        ReportJob.schedule(context);
    }
}
