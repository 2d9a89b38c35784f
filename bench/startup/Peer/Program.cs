using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Bench;

// Prints the milliseconds from opening the model to the first prediction, and the class. Arguments: the repository and the model.
long start = Stopwatch.GetTimestamp();
OnnxRuntimePeer.Session session = OnnxRuntimePeer.Load(args[0]).Open(args[1], threads: 1);
var pixels = new float[28 * 28];
for (int i = 0; i < pixels.Length; i++)
    pixels[i] = i * 7 % 256 / 255f;
session.Bind(0, pixels.Length * 4, 1, [1, 1, 28, 28]);
session.Set(0, MemoryMarshal.AsBytes(pixels.AsSpan()).ToArray());
session.Run();
ReadOnlySpan<float> scores = session.Output(0);
int index = 0;
for (int i = 1; i < scores.Length; i++)
    if (scores[i] > scores[index])
        index = i;
double milliseconds = (Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds:F3} {index}"));
