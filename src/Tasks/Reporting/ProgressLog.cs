using System.Globalization;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Reporting;

/// <summary>
/// Progress as messages of low importance, which a build shows with <c>-verbosity:detailed</c>: a line when a step begins, when what it
/// does changes, and else at most one for each twentieth of it, so that their number is bounded and does not depend on how fast it goes.
/// Where a quarter of a minute has passed without one, the next is of high importance, which every plain log shows: a build that takes
/// minutes says what it does. (The terminal logger shows the running target only.)
/// </summary>
/// <param name="log">Where messages go.</param>
/// <param name="model">The model's name.</param>
/// <param name="clock">Tells how long nothing has been said.</param>
internal sealed class ProgressLog(TaskLoggingHelper log, string model, TimeProvider clock) : IBuildProgress
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    private const int Parts = 20;

    private readonly Lock _lock = new();
    private string _step = "";
    private string _text = "";
    private int _part = -1;
    private long _said = clock.GetTimestamp();

    /// <inheritdoc/>
    public void Report(string step, double fraction, string text)
    {
        int part = (int)(Math.Clamp(fraction, 0, 1) * Parts);
        lock (_lock)
        {
            // Threads report out of order; what has been passed is not said again.
            if (step == _step && (part < _part || (part == _part && text == _text)))
                return;
            (_step, _text, _part) = (step, text, part);
            bool isLong = clock.GetElapsedTime(_said) >= Silence;
            if (isLong)
                _said = clock.GetTimestamp();
            log.LogMessage(isLong ? MessageImportance.High : MessageImportance.Low, "{0}: {1} {2} %{3}", model, step,
                (part * 100 / Parts).ToString(CultureInfo.InvariantCulture), text.Length == 0 ? "" : ", " + text);
        }
    }
}
