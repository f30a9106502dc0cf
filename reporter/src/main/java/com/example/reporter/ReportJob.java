package com.example.reporter;

import android.app.job.JobInfo;
import android.app.job.JobParameters;
import android.app.job.JobScheduler;
import android.app.job.JobService;
import android.content.ComponentName;
import android.content.Context;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.Collections;
import java.util.List;

/** Reports every quarter of an hour, the shortest that Android allows, and whenever it is asked to. */
public final class ReportJob extends JobService {
    private static final int EVERY = 1;
    private static final int NOW = 2;
    private static final long QUARTER_MILLIS = 15 * 60 * 1000L;

    static void schedule(Context context) {
        JobScheduler jobs = context.getSystemService(JobScheduler.class);
        jobs.schedule(job(context, EVERY).setPeriodic(QUARTER_MILLIS).setPersisted(true).build());
        now(context);
    }

    static void now(Context context) {
        context.getSystemService(JobScheduler.class).schedule(job(context, NOW).setOverrideDeadline(0).build());
    }

    private static JobInfo.Builder job(Context context, int id) {
        return new JobInfo.Builder(id, new ComponentName(context, ReportJob.class))
                .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY);
    }

    /** Only the copy in the work profile asks the others: its word ties them to the phone that the management knows. */
    static String report(Context context) throws IOException, GeneralSecurityException {
        Reporter reporter = new Reporter(context);
        String[] configuration = reporter.configuration();
        List<String> others =
                configuration != null && reporter.profile().equals("work")
                        ? OtherCopies.ask(context, configuration[0], configuration[1])
                        : Collections.emptyList();
        return reporter.report(others);
    }

    @Override
    public boolean onStartJob(JobParameters parameters) {
        new Thread(
                        () -> {
                            boolean again = false;
                            try {
                                report(this);
                            } catch (IOException | GeneralSecurityException error) {
                                again = true;
                            }
                            jobFinished(parameters, again);
                        })
                .start();
        return true;
    }

    @Override
    public boolean onStopJob(JobParameters parameters) {
        return true;
    }
}
