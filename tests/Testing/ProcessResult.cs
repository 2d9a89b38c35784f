namespace OptimizerBuild.Testing;

/// <summary>What a process did.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to its standard output and error.</param>
/// <param name="Command">What was run, for messages.</param>
public sealed record ProcessResult(int ExitCode, string Output, string Command)
{
    /// <summary>Whether MSBuild compressed a model in this build, instead of taking it from the cache or finding it up to date.</summary>
    public bool Compressed(string model) => Output.Contains($"Compressing '{model}'.");

    /// <summary>Whether a model's outputs came from the cache.</summary>
    public int FromCache(string model) => Output.Split($"The outputs of '{model}' are taken from the cache.").Length - 1;

    /// <summary>Whether the C# compiler ran.</summary>
    public bool Compiled => Output.Contains("csc.dll") || Output.Contains("/csc ");

    /// <summary>The same result; fails the test where the process failed.</summary>
    public ProcessResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"{Command}\nexit code {ExitCode}\n{Output}");
        return this;
    }

    /// <summary>The same result; fails the test where the output lacks a text.</summary>
    public ProcessResult Says(string text)
    {
        Assert.True(Output.Contains(text), $"{Command}\nsaid nothing of: {text}\n{Output}");
        return this;
    }

    /// <summary>The same result; fails the test where MSBuild did not find a target's outputs up to date.</summary>
    public ProcessResult Skipped(string target) => Says($"Skipping target \"{target}\" because all output files are up-to-date");

    /// <summary>The same result; fails the test where the process did not fail with a code.</summary>
    public ProcessResult FailedWith(string code)
    {
        Assert.True(ExitCode != 0 && Output.Contains($"error {code}:"), $"{Command}\nexit code {ExitCode}, expected {code}\n{Output}");
        return this;
    }
}
