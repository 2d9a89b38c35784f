using System.Diagnostics;
using OptimizerBuild.Kernels.Tests.Cases;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Kernels.Tests;

/// <summary>
/// No kernel reads or writes before a buffer or before a section of the weights, on any path: every case runs in a child process where
/// the page before may not be touched. (Behind, kernels may read: docs/kernels.md.)
/// </summary>
public sealed class GuardPageTests
{
    [Theory]
    [MemberData(nameof(InstructionSetTests.Switches), MemberType = typeof(InstructionSetTests))]
    public void No_kernel_touches_what_lies_before_a_buffer(string switches, string off)
    {
        Machine.RequireLinux();
        (int code, string[] lines, string errors) = Run("guard", switches);
        Assert.True(code == 0, $"'{switches}' (without {off}): exit code {code} in case {lines[^1]}\n{errors}");
        Assert.Equal($"guarded {KernelCases.All.Count}", lines[^1]);
        Assert.Equal(KernelCases.All.Count, lines.Count(l => KernelCases.Kernels.Contains(l.Split(' ')[0])));
    }

    /// <summary>The pages do guard: a read of one byte before a buffer ends the process.</summary>
    [Fact]
    public void A_read_before_a_buffer_ends_the_process()
    {
        Machine.RequireLinux();
        (int code, string[] lines, _) = Run("guard-trespass", "");
        Assert.NotEqual(0, code);
        Assert.StartsWith("inside ", Assert.Single(lines), StringComparison.Ordinal);
    }

    private static (int Code, string[] Lines, string Errors) Run(string mode, string switches)
    {
        var start = new ProcessStartInfo(
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet")
        {
            ArgumentList = { typeof(GuardPageTests).Assembly.Location, mode },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_Enable", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        foreach (string assignment in switches.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = assignment.Split('=');
            start.Environment[parts[0]] = parts[1];
        }
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("no child process");
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.Split('\n', StringSplitOptions.RemoveEmptyEntries), errors.Result);
    }
}
