using System.Globalization;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;
using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Reporting;

/// <summary>
/// Progress as messages of low importance, which a build shows with <c>-verbosity:detailed</c>: a line when a step begins, when what it
/// does changes, and else at most one for each twentieth of it, so that their number is bounded and does not depend on how fast it goes.
/// </summary>
/// <param name="log">Where messages go.</param>
/// <param name="model">The model's name.</param>
internal sealed class ProgressLog(TaskLoggingHelper log, string model) : IBuildProgress
{
    private const int Parts = 20;

    private readonly Lock _lock = new();
    private string _step = "";
    private string _text = "";
    private int _part = -1;

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
            log.LogMessage(MessageImportance.Low, "{0}: {1} {2} %{3}", model, step,
                (part * 100 / Parts).ToString(CultureInfo.InvariantCulture), text.Length == 0 ? "" : ", " + text);
        }
    }
}
