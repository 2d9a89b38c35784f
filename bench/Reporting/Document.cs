namespace OptimizerBuild.Bench.Reporting;

/// <summary>The text of a command's figures in Markdown.</summary>
internal static class Document
{
    /// <summary>What was measured on which machine, the command to repeat it, and the table.</summary>
    /// <param name="command">The command's name.</param>
    /// <param name="introduction">What was measured and how.</param>
    /// <param name="table">The table in Markdown.</param>
    public static string Of(string command, string introduction, string table) =>
        $"{introduction}\nMade by `dotnet run -c Release --project bench -- {command} --markdown FILE`.\n\n{table}";
}
