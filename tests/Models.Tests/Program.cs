using OptimizerBuild.Kernels;
using OptimizerBuild.Models.Predictors;

// The test assembly as a program: `dotnet OptimizerBuild.Models.Tests.dll predict FOLDER` runs every model of a folder that the tests
// wrote, as generated code and through the plan executor, and prints the path taken and a checksum of all outputs for each.
// `… first FOLDER` makes one prediction with the generated code of the folder's first model and does nothing else, `… warm FOLDER`
// calls its WarmUp.
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

if (args is not ["predict", var folder])
{
    Console.Error.WriteLine("usage: OptimizerBuild.Models.Tests predict FOLDER");
    return 2;
}

PredictorFolder models = PredictorFolder.Read(folder);
Console.WriteLine("library " + KernelPath.Name);
foreach ((string name, string value) in models.Digests())
    Console.WriteLine(name + " " + value);
return 0;
