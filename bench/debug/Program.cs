using System.Diagnostics;
using System.Globalization;
using OptimizerBuild.Bench.Debug;

// Prints the shortest time of a prediction in microseconds, of as many as fit into the seconds that the argument tells.
double seconds = double.Parse(args[0], CultureInfo.InvariantCulture);
var pixels = new float[FashionMobilenet.Info.InputLength];
for (int i = 0; i < pixels.Length; i++)
    pixels[i] = i * 7 % 256 / 255f;
var model = new FashionMobilenet();
model.WarmUp();
double fastest = double.MaxValue;
long begin = Stopwatch.GetTimestamp();
while (Stopwatch.GetElapsedTime(begin).TotalSeconds < seconds)
{
    long start = Stopwatch.GetTimestamp();
    model.Predict(pixels);
    fastest = Math.Min(fastest, (Stopwatch.GetTimestamp() - start) * 1e6 / Stopwatch.Frequency);
}
Console.WriteLine(fastest.ToString("R", CultureInfo.InvariantCulture));
