using System.Globalization;
using OptimizerBuild.Fuzz.Running;
using Xunit.Runner.InProc.SystemConsole;

// `dotnet run -c Release --project tests/Fuzz -- FORMAT …` damages inputs of a format and checks what becomes of them (CONTRIBUTING.md);
// told anything else, the program runs its tests.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
// Before anything that counts runs.
_ = CodeCoverage.OfThisProcess;
return args is [var first, ..] && (first is "--help" or "-h" or "-?" || FuzzCommand.Formats.Contains(first))
    ? FuzzCommand.Invoke(args)
    : ConsoleRunner.Run(args).GetAwaiter().GetResult();
