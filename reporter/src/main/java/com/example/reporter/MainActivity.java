package com.example.reporter;

import android.app.Activity;
import android.content.pm.CrossProfileApps;
import android.os.Bundle;
import android.widget.Button;
import android.widget.LinearLayout;
import android.widget.TextView;
import java.io.IOException;
import java.security.GeneralSecurityException;

/** Says what this app looks for, asks for the person's consent, and checks again. */
public final class MainActivity extends Activity {
    private TextView told;

    @Override
    protected void onCreate(Bundle state) {
        super.onCreate(state);
        LinearLayout page = new LinearLayout(this);
        page.setOrientation(LinearLayout.VERTICAL);
        TextView about = new TextView(this);
        about.setText(
                getString(R.string.about) + "\n\n"
                        + String.join("\n", getResources().getStringArray(R.array.askable)));
        told = new TextView(this);
        page.addView(about);
        page.addView(button(R.string.check, this::check));
        page.addView(button(R.string.connect, this::connect));
        page.addView(told);
        setContentView(page);
        ReportJob.schedule(this);
    }

    private Button button(int label, Runnable act) {
        Button button = new Button(this);
        button.setText(label);
        button.setOnClickListener(view -> act.run());
        return button;
    }

    private void check() {
        new Thread(
                        () -> {
                            String result;
                            try {
                                result = ReportJob.report(this);
                            } catch (IOException | GeneralSecurityException error) {
                                result = getString(R.string.unreachable);
                            }
                            String shown = result;
                            runOnUiThread(() -> told.setText(shown));
                        })
                .start();
    }

    private void connect() {
        CrossProfileApps profiles = getSystemService(CrossProfileApps.class);
        if (profiles.canRequestInteractAcrossProfiles()) {
            startActivity(profiles.createRequestInteractAcrossProfilesIntent());
        }
    }
}
