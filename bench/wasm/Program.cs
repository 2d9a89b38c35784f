using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using OptimizerBuild.Predictors;

// Arguments: an assembly with a predictor, seconds, the number of outputs, and the length in bytes and the element type of each input.
// Prints the microseconds of the fastest prediction, the milliseconds to the end of the first one, and a checksum of the outputs.
var clock = Stopwatch.StartNew();
var predictor = (Predictor)Activator.CreateInstance(Assembly.Load(args[0]).GetType("Adapter", throwOnError: true)!)!;
double seconds = double.Parse(args[1], CultureInfo.InvariantCulture);
int outputs = int.Parse(args[2], CultureInfo.InvariantCulture);
for (int i = 3; i < args.Length; i += 2)
    predictor.Set((i - 3) / 2, PatternInput.Bytes(int.Parse(args[i], CultureInfo.InvariantCulture), args[i + 1]));
predictor.Run();
double first = clock.Elapsed.TotalMilliseconds;

// The runtime interprets code at first and translates what runs often to WebAssembly: half of the time goes there.
double fastest = double.MaxValue;
for (int part = 0; part < 2; part++)
{
    fastest = double.MaxValue;
    clock.Restart();
    do
    {
        long start = Stopwatch.GetTimestamp();
        predictor.Run();
        fastest = Math.Min(fastest, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
    }
    while (clock.Elapsed.TotalSeconds < seconds / 2);
}
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{fastest:F1} {first:F1} {PatternInput.Checksum(predictor, outputs):x16}"));
