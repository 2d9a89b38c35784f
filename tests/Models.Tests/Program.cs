using System.Runtime.CompilerServices;
using OptimizerBuild.Kernels;
using OptimizerBuild.Models.Builds;
using OptimizerBuild.Models.Predictors;
using Xunit.Runner.InProc.SystemConsole;

// The test assembly as a program: `dotnet OptimizerBuild.Models.Tests.dll predict FOLDER` runs every model of a folder that the tests
// wrote, as generated code and through the plan executor, and prints the path taken and a checksum of all outputs for each.
// `… first FOLDER` makes one prediction with the generated code of the folder's first model and does nothing else, `… warm FOLDER`
// calls its WarmUp. `… build FOLDER` builds the models of a folder and prints a digest of every file, `… build-shared NAME` a model of
// the development set, `… build-large FILE` a model file, calibrated on few samples, `… build-noisy FILE` one that takes byte images.
// Told anything else it runs the tests.
if (args is ["first", var one])
{
    PredictorFolder.Read(one).PredictOnce();
    return 0;
}

if (args is ["warm", var other])
{
    PredictorFolder.Read(other).WarmUp();
    return 0;
}

if (args is ["build" or "build-shared" or "build-few" or "build-large" or "build-noisy", var built])
{
    foreach (string line in args[0] switch
    {
        "build" => BuildDigests.OfFolder(built),
        "build-shared" => BuildDigests.OfShared(built),
        "build-few" => BuildDigests.OfFewWeights(built),
        "build-large" => BuildDigests.OfLarge(built),
        _ => BuildDigests.OfNoisy(built),
    })
        Console.WriteLine(line);
    return 0;
}

if (args is not ["predict", var folder])
    return RunTests(args);

PredictorFolder models = PredictorFolder.Read(folder);
Console.WriteLine("library " + KernelPath.Name);
foreach ((string name, string value) in models.Digests())
    Console.WriteLine(name + " " + value);
return 0;

// A method of its own: where the commands run on other processors, the runner's assemblies are missing.
[MethodImpl(MethodImplOptions.NoInlining)]
static int RunTests(string[] args) => ConsoleRunner.Run(args).GetAwaiter().GetResult();
