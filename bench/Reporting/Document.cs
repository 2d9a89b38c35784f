using OptimizerBuild.Bench.Measurement;

namespace OptimizerBuild.Bench.Reporting;

/// <summary>The text of a command's figures in Markdown.</summary>
internal static class Document
{
    /// <summary>What was measured on which machine, the command to repeat it, and the table.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="introduction">What was measured and how.</param>
    /// <param name="table">The table in Markdown.</param>
    public static string Of(string command, string introduction, string table) =>
        $"{introduction}\n{Made(command, " --markdown FILE")}\n\n{table}";

    /// <summary>The sentence that names runtime and command.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="options">Its options.</param>
    public static string Made(string command, string options = "")
    {
        string framework = Runtime.IsUsual ? "" : " --frameworks " + Runtime.Framework;
        return $"Made on {Runtime.Name} by `dotnet run -c Release --project bench -- {command}{framework}{options}`.";
    }
}
