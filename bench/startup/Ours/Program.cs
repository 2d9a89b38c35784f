using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using OptimizerBuild.Bench.Startup;

// Prints the milliseconds from construction to the first prediction, the class, and how many methods the process has compiled for that;
// with any argument it does nothing but print.
long start = Stopwatch.GetTimestamp();
int index = 0;
if (args.Length == 0)
{
    var pixels = new float[StartupModel.Info.InputLength];
    for (int i = 0; i < pixels.Length; i++)
        pixels[i] = i * 7 % 256 / 255f;
    index = new StartupModel().Predict(pixels).Index;
}
double milliseconds = (Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds:F3} {index} {JitInfo.GetCompiledMethodCount()}"));
